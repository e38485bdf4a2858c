/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Kernel.Grid
public import Refsem.Kernel.Modes

@[expose] public section

/-!
# What an integer tells of the exact result

The exact result of an operation is an element of an ordered field; the kernel has an integer in
its stead, which may be jammed. `Stands` says what that integer still tells: how the exact result
compares with multiples of a power of two.

## Main statements

* `Format`, `EvenFormat`: the numbers of binary32, were its exponent unlimited.
* `Stands`: the relation, with `stands_shift`, `stands_jam`, `stands_add` for what the kernel does.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

/-! ### The format -/

section Format

variable {α : Type u} [Field α]

/-- So many units of 2^-149. -/
noncomputable def real (n : Int) : α :=
  (n : α) / ((unit : Int) : α)

/-- The numbers of binary32, were its exponent unlimited. -/
def Format (x : α) : Prop :=
  ∃ n, Representable n ∧ x = real n

/-- Those with an even significand. -/
def EvenFormat (x : α) : Prop :=
  ∃ n, RepresentableEven n ∧ x = real n

/-- What a finite pattern stands for. -/
noncomputable def number (bits : Nat) : α :=
  real (value bits)

/-- 2^128, in units: from here on numbers overflow. -/
def limit : Nat :=
  grid infinity

end Format

section Casts

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem cast_le_iff {a b : Int} : (a : α) ≤ (b : α) ↔ a ≤ b := by
  refine ⟨fun le => ?_, cast_le⟩
  by_cases le' : a ≤ b
  · exact le'
  · have above := cast_le (α := α) (show b + 1 ≤ a by omega)
    rw [cast_add, Ring.intCast_one] at above
    have := OrderedRing.zero_lt_one (R := α)
    grind

theorem cast_lt_iff {a b : Int} : (a : α) < (b : α) ↔ a < b := by
  have := cast_le_iff (α := α) (a := b) (b := a)
  constructor
  · intro lt
    by_cases le : b ≤ a
    · have := this.2 le
      grind
    · omega
  · intro lt
    have : ¬ (b : α) ≤ (a : α) := by
      intro le
      have := cast_le_iff.1 le
      omega
    grind

theorem unit_positive : (0 : α) < ((unit : Int) : α) :=
  cast_pos unit_pos

theorem real_mul_unit (n : Int) : (real n : α) * ((unit : Int) : α) = (n : α) := by
  have := unit_positive (α := α)
  unfold real
  generalize ((unit : Int) : α) = e at *
  have : e ≠ 0 := by grind
  grind

theorem mul_le_iff {a b c : α} (positive : 0 < c) : a * c ≤ b * c ↔ a ≤ b := by
  constructor
  · intro le
    have e₁ : a * c = c * a := by grind
    have e₂ : b * c = c * b := by grind
    rw [e₁, e₂] at le
    exact le_of_mul_le_mul positive le
  · intro le
    exact OrderedRing.mul_le_mul_of_nonneg_right le (by grind)

theorem real_neg (n : Int) : (real (-n) : α) = -real n := by
  have h₁ := real_mul_unit (α := α) n
  have h₂ := real_mul_unit (α := α) (-n)
  rw [cast_neg] at h₂
  unfold real at *
  rw [cast_neg]
  have := unit_positive (α := α)
  generalize ((unit : Int) : α) = e at *
  have : e ≠ 0 := by grind
  grind

theorem real_add (m n : Int) : (real (m + n) : α) = real m + real n := by
  unfold real
  rw [cast_add]
  have := unit_positive (α := α)
  generalize ((unit : Int) : α) = e at *
  have : e ≠ 0 := by grind
  grind

theorem real_le_iff {m n : Int} : (real m : α) ≤ real n ↔ m ≤ n := by
  rw [← mul_le_iff unit_positive, real_mul_unit, real_mul_unit, cast_le_iff]

theorem format_neg (y : α) : Format y → Format (-y)
  | ⟨n, member, equal⟩ => ⟨-n, representable_neg member, by rw [equal, real_neg]⟩

theorem evenFormat_neg (y : α) : EvenFormat y → EvenFormat (-y)
  | ⟨n, member, equal⟩ => ⟨-n, representableEven_neg member, by rw [equal, real_neg]⟩

theorem format_grid (p : Nat) : Format (real (grid p) : α) :=
  ⟨_, representable_grid p, rfl⟩

theorem format_gap (p : Nat) (y : α) (member : Format y) :
    y ≤ real (grid p) ∨ real (grid (p + 1)) ≤ y := by
  obtain ⟨n, small, rfl⟩ := member
  rw [real_le_iff, real_le_iff]
  exact representable_gap small p

/-! ### What an integer tells of the exact result -/

/-- Multiples of `g` compare with the integer `s` as they do, in units of `u`, with `w`. -/
def Stands (g u s : Int) (w : α) : Prop :=
  ∀ c : Int, (c * g ≤ s ↔ ((c * g * u : Int) : α) ≤ w) ∧ (s ≤ c * g ↔ w ≤ ((c * g * u : Int) : α))

theorem stands_exact {g u s : Int} {w : α} (positive : 0 < u) (equal : w = ((s * u : Int) : α)) :
    Stands g u s w := by
  intro c
  rw [equal, cast_le_iff, cast_le_iff]
  exact ⟨⟨fun le => Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt positive),
      fun le => Int.le_of_mul_le_mul_right le positive⟩,
    ⟨fun le => Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt positive),
      fun le => Int.le_of_mul_le_mul_right le positive⟩⟩

/-- Shifted left, an integer tells of coarser multiples only. -/
theorem stands_shift {g u v s t : Int} {w : α} (positive : 0 < t) (h : Stands g u s w)
    (equal : u = t * v) : Stands (g * t) v (s * t) w := by
  intro c
  have compare := h c
  have e₁ : c * (g * t) = c * g * t := by grind
  have e₂ : c * g * u = c * g * t * v := by grind
  rw [e₂] at compare
  rw [e₁]
  refine ⟨Iff.trans ?_ compare.1, Iff.trans ?_ compare.2⟩
  · exact ⟨fun le => Int.le_of_mul_le_mul_right le positive,
      fun le => Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt positive)⟩
  · exact ⟨fun le => Int.le_of_mul_le_mul_right le positive,
      fun le => Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt positive)⟩

theorem stands_coarser {g g' k u s : Int} {w : α} (h : Stands g u s w) (equal : g' = k * g) :
    Stands g' u s w := by
  intro c
  have compare := h (c * k)
  have e : c * g' = c * k * g := by grind
  rw [e]
  exact compare

/-- Jamming keeps what an integer tells of even multiples. -/
theorem stands_jam {g g' h k u : Int} {s d : Nat} {w : α} (stands : Stands g u s w)
    (even : g' = 2 * h) (coarse : g' * 2 ^ d = k * g) : Stands g' (2 ^ d * u) (jam s d) w := by
  intro c
  have jammed := jam_compare s d (c * h)
  have compare := stands (c * k)
  have e₁ : c * g' = 2 * (c * h) := by grind
  have e₂ : 2 * (c * h) * 2 ^ d = c * k * g := by grind
  have e₃ : 2 * (c * h) * (2 ^ d * u) = c * k * g * u := by grind
  rw [e₂] at jammed
  rw [e₁, e₃]
  exact ⟨jammed.1.trans compare.1, jammed.2.trans compare.2⟩

theorem stands_neg {g u s : Int} {w : α} (h : Stands g u s w) : Stands g u (-s) (-w) := by
  intro c
  have compare := h (-c)
  have e₁ : -c * g = -(c * g) := by grind
  have e₂ : -(c * g) * u = -(c * g * u) := by grind
  rw [e₁, e₂, cast_neg] at compare
  generalize ((c * g * u : Int) : α) = v at *
  refine ⟨⟨fun le => ?_, fun le => ?_⟩, ⟨fun le => ?_, fun le => ?_⟩⟩
  · have := compare.2.1 (by omega)
    grind
  · have := compare.2.2 (by grind)
    omega
  · have := compare.1.1 (by omega)
    grind
  · have := compare.1.2 (by grind)
    omega

/-- A multiple may be added on both sides. -/
theorem stands_add {g u s k : Int} {w : α} (h : Stands g u s w) :
    Stands g u (k * g + s) (((k * g * u : Int) : α) + w) := by
  intro c
  have compare := h (c - k)
  have e₁ : (c - k) * g = c * g - k * g := by grind
  have e₂ : (c - k) * g * u = c * g * u - k * g * u := by grind
  rw [e₂, e₁, cast_sub] at compare
  generalize ((c * g * u : Int) : α) = v at *
  generalize ((k * g * u : Int) : α) = v' at *
  refine ⟨⟨fun le => ?_, fun le => ?_⟩, ⟨fun le => ?_, fun le => ?_⟩⟩
  · have := compare.1.1 (by omega)
    grind
  · have := compare.1.2 (by grind)
    omega
  · have := compare.2.1 (by omega)
    grind
  · have := compare.2.2 (by grind)
    omega

end Casts

end Refsem.Kernel
