/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Kernel.Window

@[expose] public section

/-!
# What the kernel delivers is the rounding

An integer that tells how the exact result compares with multiples of a power of two is enough to
round it: the numbers of the format, and the points half way between them, are such multiples.

## Main statements

* `Delivered`: what IEEE 754-2019 §4.3 and §7.4 have an operation deliver for an exact result.
* `deliver_delivered`: that `deliver` delivers it.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

variable [Max α] [LawfulOrderMax α]

/-- A pattern of a number. -/
def IsFinite (bits : Nat) : Prop :=
  bits < 2 ^ 32 ∧ magnitudeOf bits < infinity

/-- What is delivered for an exact result: its rounding as if the exponent had no limit, if that
is below 2^128; else infinity or the greatest number, as the mode says. Either has its sign. -/
def Delivered (mode : Mode) (x : α) (bits : Nat) : Prop :=
  ∃ n : Int, Rounds Format EvenFormat mode x (real n) ∧
    (n.natAbs < limit → IsFinite bits ∧ value bits = n) ∧
    (limit ≤ n.natAbs → magnitudeOf bits = overflowed mode (isNegative bits)) ∧
    (x < 0 → isNegative bits = true) ∧ (0 < x → isNegative bits = false)

/-- The limit is 2^128. -/
theorem limit_eq : limit = 2 ^ 128 * unit := by
  decide +kernel

theorem growth_negative (mode : Mode) (odd discard : Nat) :
    growth mode true odd discard = growth (mirrored mode) false odd discard := by
  cases mode <;> rfl

theorem unlimited_negative (mode : Mode) (s place : Nat) :
    unlimited mode true s place = unlimited (mirrored mode) false s place := by
  simp only [unlimited, drop, growth_negative]

theorem mirrored_mirrored (mode : Mode) : mirrored (mirrored mode) = mode := by
  cases mode <;> rfl

/-- An element with a sign. -/
def withSign (negative : Bool) (y : α) : α :=
  if negative then -y else y

theorem unlimited_rounds {mode : Mode} {negative : Bool} {s place : Nat} {y : α}
    (reads : Reads s place (y * ((unit : Int) : α) * ((2 ^ 512 : Int) : α))) (positive : 0 < s)
    (small : s < 2 ^ 62) (room : 61 ≤ place) :
    Rounds Format EvenFormat mode (withSign negative y)
      (real (integer negative (grid (unlimited mode negative s place)))) := by
  have rounds (mode : Mode) : Rounds Format EvenFormat mode y
      (real (grid (unlimited mode false s place))) := by
    obtain ⟨window, e, u, equal, top, shape, scale, stands⟩ :=
      unlimited_shape mode false reads positive small room
    rw [equal]
    exact drop_rounds top shape scale stands
  cases negative with
  | false => exact rounds mode
  | true =>
    have mirror := rounds_neg format_neg evenFormat_neg (rounds (mirrored mode))
    rw [mirrored_mirrored, ← unlimited_negative, ← real_neg] at mirror
    exact mirror

theorem nonneg_of_reads {s place : Nat} {y : α} {n : Nat}
    (reads : Reads s place (y * ((unit : Int) : α) * ((2 ^ n : Int) : α))) : 0 ≤ y := by
  have grains : (0 : α) < ((2 ^ n : Int) : α) := by
    have := cast_lt_iff (α := α) (a := 0) (b := 2 ^ n)
    rw [cast_zero] at this
    exact this.2 (power_positive n)
  have e₁ := mul_le_iff (a := 0) (b := y) (unit_positive (α := α))
  have e₂ := mul_le_iff (a := 0) (b := y * ((unit : Int) : α)) grains
  rw [← e₁, show (0 : α) * ((unit : Int) : α) = 0 by grind, ← e₂,
    show (0 : α) * ((2 ^ n : Int) : α) = 0 by grind]
  rcases reads with equal | ⟨_, stands⟩
  · rw [equal]
    exact cast_nonneg (Int.mul_nonneg (Int.natCast_nonneg _) (Int.le_of_lt (power_positive _)))
  · have := (stands 0).1.1 (by omega)
    rwa [Int.zero_mul, Int.zero_mul, cast_zero] at this

theorem grid_lt_limit {p : Nat} : grid p < limit ↔ p < infinity := by
  constructor
  · intro lt
    by_cases le : infinity ≤ p
    · have := grid_mono le
      unfold limit at lt
      omega
    · omega
  · intro lt
    exact Nat.lt_of_lt_of_le (grid_lt_succ p) (grid_mono lt)

theorem natAbs_integer (negative : Bool) (n : Nat) : (integer negative n).natAbs = n := by
  cases negative <;> simp [integer]

theorem overflowed_le (mode : Mode) (negative : Bool) : overflowed mode negative ≤ infinity := by
  cases mode <;> cases negative <;> decide

/-- The kernel's one rounding is the rounding. -/
theorem deliver_delivered {mode : Mode} {negative : Bool} {s place : Nat} {y : α}
    (reads : Reads s place (y * ((unit : Int) : α) * ((2 ^ 512 : Int) : α))) (positive : 0 < s)
    (small : s < 2 ^ 62) (room : 61 ≤ place) :
    Delivered mode (withSign negative y) (deliver mode negative s place) := by
  have nonneg := nonneg_of_reads reads
  have top : infinity < 2 ^ 31 := by decide
  refine ⟨_, unlimited_rounds reads positive small room, ?_⟩
  rw [natAbs_integer]
  simp only [deliver]
  generalize unlimited mode negative s place = p
  have fits : (if infinity ≤ p then overflowed mode negative else p) < 2 ^ 31 := by
    have := overflowed_le mode negative
    split <;> omega
  rw [isNegative_signed fits, magnitudeOf_signed fits]
  refine ⟨fun below => ?_, fun above => ?_, ?_, ?_⟩
  · have kept := grid_lt_limit.1 below
    have same : (if infinity ≤ p then overflowed mode negative else p) = p :=
      if_neg (Nat.not_le.2 kept)
    have fits := Nat.lt_trans kept top
    rw [same]
    exact ⟨⟨signed_lt fits, (magnitudeOf_signed fits).symm ▸ kept⟩, value_signed fits⟩
  · have large : infinity ≤ p := by
      by_cases le : infinity ≤ p
      · exact le
      · have := grid_lt_limit.2 (show p < infinity by omega)
        omega
    rw [if_pos large]
  · cases negative <;> simp only [withSign] <;> grind
  · cases negative <;> simp only [withSign] <;> grind

/-! ### What follows for what is delivered -/

theorem rounds_self {F E : α → Prop} {mode : Mode} {x r : α} (member : F x)
    (h : Rounds F E mode x r) : r = x := by
  match mode with
  | .nearestEven => exact roundsNearest_self member h.1
  | .nearestAway => exact roundsNearest_self member h.1
  | .up => exact roundsUp_unique h (roundsUp_self member)
  | .down => exact roundsDown_unique h (roundsDown_self member)
  | .zero =>
    rcases le_total (a := 0) (b := x) with sign | sign
    · exact roundsDown_unique (h.1 sign) (roundsDown_self member)
    · exact roundsUp_unique (h.2 sign) (roundsUp_self member)

/-- An exact result that is a number of the format is delivered as it is. -/
theorem delivered_exact {mode : Mode} {n : Int} {bits : Nat} (member : Representable n)
    (below : n.natAbs < limit) (h : Delivered mode (real n : α) bits) :
    IsFinite bits ∧ value bits = n := by
  obtain ⟨m, rounds, finite, _⟩ := h
  have equal := rounds_self ⟨n, member, rfl⟩ rounds
  have same : m = n := by
    have h₁ := real_le_iff (α := α) (m := m) (n := n)
    have h₂ := real_le_iff (α := α) (m := n) (n := m)
    rw [equal] at h₁ h₂
    have := h₁.1 (le_refl _)
    have := h₂.1 (le_refl _)
    omega
  subst same
  exact finite below

end Refsem.Kernel
