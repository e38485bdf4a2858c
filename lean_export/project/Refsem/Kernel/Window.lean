/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Kernel.Stands

@[expose] public section

/-!
# From the exact result to the last bit kept

An integer that tells how the exact result compares with multiples of a power of two is enough to
round it: the numbers of the format, and the points half way between them, are such multiples.

## Main statements

* `Reads`: what the operations hand over: the exact result, or enough bits of it, the last jammed.
* `unlimited_shape`: brought to 62 bits, it tells of multiples of 2^37.
* `drop_rounds`: dropping 38 of them rounds, in every mode.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

/-- The exact result, in units of 2^-661, is the integer at its place, or is told by it. -/
def Reads (s place : Nat) (w : α) : Prop :=
  w = (((s : Int) * 2 ^ place : Int) : α) ∨ 2 ^ 25 ≤ s ∧ Stands 2 (2 ^ place) s w

theorem power_split {a b c : Nat} (sum : a + b = c) : (2 : Int) ^ c = 2 ^ a * 2 ^ b := by
  rw [← sum, Int.pow_add]

theorem power_sum {a b c d : Nat} (sum : a + (b + c) = d) :
    (2 : Int) ^ a * (2 ^ b * 2 ^ c) = 2 ^ d := by
  rw [← sum, Int.pow_add, Int.pow_add]

theorem power_positive (n : Nat) : (0 : Int) < 2 ^ n :=
  Int.pow_pos (by omega)

/-- Brought to 62 bits, an integer tells of multiples of 2^37. -/
theorem window_stands {s place : Nat} {w : α} (reads : Reads s place w) (positive : 0 < s)
    (small : s < 2 ^ 62) (room : 61 ≤ place) :
    2 ^ 61 ≤ s * 2 ^ (61 - s.log2) ∧ s * 2 ^ (61 - s.log2) < 2 ^ 62 ∧
    Stands (2 ^ 37) (2 ^ (place - (61 - s.log2))) ((s * 2 ^ (61 - s.log2) : Nat) : Int) w := by
  have low := Nat.log2_self_le (show s ≠ 0 by omega)
  have high := Nat.lt_log2_self (n := s)
  have length := (Nat.log2_lt (show s ≠ 0 by omega)).2 small
  have power : 2 ^ s.log2 * 2 ^ (61 - s.log2) = 2 ^ 61 := by
    rw [← Nat.pow_add]; congr 1; omega
  have cast : ((s * 2 ^ (61 - s.log2) : Nat) : Int) = s * 2 ^ (61 - s.log2) := by
    rw [Int.natCast_mul, Int.natCast_pow]; rfl
  refine ⟨?_, ?_, ?_⟩
  · rw [← power]
    exact Nat.mul_le_mul_right _ low
  · have := Nat.mul_lt_mul_of_pos_right high (Nat.two_pow_pos (61 - s.log2))
    rw [Nat.pow_succ, Nat.mul_right_comm, power] at this
    omega
  · rw [cast]
    rcases reads with equal | ⟨enough, stands⟩
    · refine stands_exact (power_positive _) ?_
      rw [equal, Int.mul_assoc, ← power_split (c := place) (by omega)]
    · have long := (Nat.le_log2 (show s ≠ 0 by omega)).2 enough
      have shifted := stands_shift (power_positive (61 - s.log2)) stands
        (power_split (b := place - (61 - s.log2)) (by omega))
      refine stands_coarser (k := 2 ^ (36 - (61 - s.log2))) shifted ?_
      rw [power_split (a := 36 - (61 - s.log2)) (b := 1 + (61 - s.log2)) (c := 37) (by omega),
        power_split (a := 1) (b := 61 - s.log2) (c := 1 + (61 - s.log2)) rfl]
      rfl

/-- What `unlimited` rounds: an integer without its last 38 bits, at some exponent. -/
theorem unlimited_shape (mode : Mode) (negative : Bool) {s place : Nat} {w : α}
    (reads : Reads s place w) (positive : 0 < s) (small : s < 2 ^ 62) (room : 61 ≤ place) :
    ∃ (window e : Nat) (u : Int),
      unlimited mode negative s place = e * 2 ^ 23 + drop mode negative window 38 ∧
      window / 2 ^ 38 < 2 ^ 24 ∧ (e = 0 ∨ 2 ^ 23 ≤ window / 2 ^ 38) ∧
      2 ^ 38 * u = 2 ^ (512 + e) ∧ Stands (2 ^ 37) u window w := by
  obtain ⟨low, high, stands⟩ := window_stands reads positive small room
  have length := (Nat.log2_lt (show s ≠ 0 by omega)).2 small
  have shift : 62 - (s.log2 + 1) = 61 - s.log2 := by omega
  simp only [unlimited, shift]
  generalize s * 2 ^ (61 - s.log2) = window at *
  by_cases tiny : place + (s.log2 + 1) < 536
  · rw [if_pos tiny]
    generalize below : 536 - (place + (s.log2 + 1)) = d
    refine ⟨jam window d, 0, 2 ^ d * 2 ^ (place - (61 - s.log2)), by omega, ?_, Or.inl rfl, ?_,
      stands_jam (h := 2 ^ 36) (k := 2 ^ d) stands rfl (Int.mul_comm _ _)⟩
    · have := jam_le window d
      have half : window / 2 ^ d ≤ window / 2 :=
        Nat.div_le_div_left (show 2 ^ 1 ≤ 2 ^ d from Nat.pow_le_pow_right (by omega) (by omega))
          (by omega)
      omega
    · exact power_sum (by omega)
  · rw [if_neg tiny]
    refine ⟨window, place + (s.log2 + 1) - 536, 2 ^ (place - (61 - s.log2)), rfl, by omega,
      Or.inr (by omega), (power_split (by omega)).symm, stands⟩

/-- The window compares as twice the exact result does with multiples of the last place. -/
theorem compare_twice {n e : Nat} {u s : Int} {x : α} (scale : 2 ^ 38 * u = 2 ^ (n + e))
    (stands : Stands (2 ^ 37) u s (x * ((unit : Int) : α) * ((2 ^ n : Int) : α))) (m : Int) :
    (m * 2 ^ 37 ≤ s ↔ real (m * 2 ^ e) ≤ x + x) ∧ (s ≤ m * 2 ^ 37 ↔ x + x ≤ real (m * 2 ^ e)) := by
  have grains : (0 : α) < ((2 ^ n : Int) : α) := by
    have := cast_lt_iff (α := α) (a := 0) (b := 2 ^ n)
    rw [cast_zero] at this
    exact this.2 (power_positive n)
  have compare := stands m
  have twice : m * 2 ^ 37 * u + m * 2 ^ 37 * u = m * 2 ^ e * 2 ^ n := by
    rw [power_split (a := n) (b := e) rfl] at scale
    grind
  have total := cast_add (α := α) (m * 2 ^ 37 * u) (m * 2 ^ 37 * u)
  rw [twice, cast_mul (m * 2 ^ e), ← real_mul_unit (m * 2 ^ e)] at total
  have e₁ := mul_le_iff (a := real (m * 2 ^ e)) (b := x + x) (unit_positive (α := α))
  have e₂ := mul_le_iff (a := real (m * 2 ^ e) * ((unit : Int) : α))
    (b := (x + x) * ((unit : Int) : α)) grains
  have e₃ := mul_le_iff (a := x + x) (b := real (m * 2 ^ e)) (unit_positive (α := α))
  have e₄ := mul_le_iff (a := (x + x) * ((unit : Int) : α))
    (b := real (m * 2 ^ e) * ((unit : Int) : α)) grains
  rw [← e₁, ← e₂, ← e₃, ← e₄, total, compare.1, compare.2]
  have double : (x + x) * ((unit : Int) : α) * ((2 ^ n : Int) : α) =
      x * ((unit : Int) : α) * ((2 ^ n : Int) : α) +
        x * ((unit : Int) : α) * ((2 ^ n : Int) : α) := by
    grind
  rw [double]
  generalize x * ((unit : Int) : α) * ((2 ^ n : Int) : α) = w
  generalize ((m * 2 ^ 37 * u : Int) : α) = v
  grind

variable [Max α] [LawfulOrderMax α]

/-- Dropping 38 bits of a window rounds the exact result, if that is not negative. -/
theorem drop_rounds {mode : Mode} {window e n : Nat} {u : Int} {x : α}
    (top : window / 2 ^ 38 < 2 ^ 24) (shape : e = 0 ∨ 2 ^ 23 ≤ window / 2 ^ 38)
    (scale : 2 ^ 38 * u = 2 ^ (n + e))
    (stands : Stands (2 ^ 37) u window (x * ((unit : Int) : α) * ((2 ^ n : Int) : α))) :
    Rounds Format EvenFormat mode x
      (real (grid (e * 2 ^ 23 + drop mode false window 38))) := by
  have compare := compare_twice scale stands
  generalize quotient : window / 2 ^ 38 = a at top shape
  have lower : ((grid (e * 2 ^ 23 + a) : Nat) : Int) = a * 2 ^ e := by
    rw [grid_at (by omega) shape, Int.natCast_mul, Int.natCast_pow]; rfl
  have upper : ((grid (e * 2 ^ 23 + a + 1) : Nat) : Int) = (a + 1) * 2 ^ e := by
    rw [Nat.add_assoc, grid_at (by omega) (by omega), Int.natCast_mul, Int.natCast_pow]; rfl
  have twice (k : Int) : (real (2 * k * 2 ^ e) : α) = real (k * 2 ^ e) + real (k * 2 ^ e) := by
    rw [← real_add]; congr 1; grind
  have middle : (real ((2 * a + 1) * 2 ^ e) : α) = real (a * 2 ^ e) + real ((a + 1) * 2 ^ e) := by
    rw [← real_add]; congr 1; grind
  have at_lower := compare (2 * a)
  have at_upper := compare (2 * (a + 1))
  have at_middle := compare (2 * a + 1)
  rw [twice, ← lower] at at_lower
  rw [twice, ← upper] at at_upper
  rw [middle, ← lower, ← upper] at at_middle
  have member_lower := format_grid (α := α) (e * 2 ^ 23 + a)
  have member_upper := format_grid (α := α) (e * 2 ^ 23 + a + 1)
  have gap := format_gap (α := α) (e * 2 ^ 23 + a)
  have even_lower : a % 2 = 0 → EvenFormat (real (grid (e * 2 ^ 23 + a)) : α) :=
    fun even => ⟨_, even_grid (by omega), rfl⟩
  have even_upper : a % 2 = 1 → EvenFormat (real (grid (e * 2 ^ 23 + a + 1)) : α) :=
    fun odd => ⟨_, even_grid (by omega), rfl⟩
  have nonneg : (0 : α) ≤ real (grid (e * 2 ^ 23 + a)) := by
    have : (real 0 : α) = 0 := by
      have := real_add (α := α) 0 0
      rw [Int.add_zero] at this
      grind
    rw [← this, real_le_iff]
    exact Int.natCast_nonneg _
  have le : real (grid (e * 2 ^ 23 + a)) ≤ x := by
    have := at_lower.1.1 (by omega)
    grind
  have lt : x < real (grid (e * 2 ^ 23 + a + 1)) := by
    by_cases h : real (grid (e * 2 ^ 23 + a + 1)) ≤ x
    · have := at_upper.1.2 (by grind)
      omega
    · grind
  match mode with
  | .nearestEven =>
    have step : (e * 2 ^ 23 + drop .nearestEven false window 38 = e * 2 ^ 23 + a ∧
          (window : Int) ≤ (2 * a + 1) * 2 ^ 37 ∧
          ((2 * a + 1) * 2 ^ 37 ≤ (window : Int) → a % 2 = 0)) ∨
        (e * 2 ^ 23 + drop .nearestEven false window 38 = e * 2 ^ 23 + a + 1 ∧
          (2 * a + 1) * 2 ^ 37 ≤ (window : Int) ∧
          ((window : Int) ≤ (2 * a + 1) * 2 ^ 37 → a % 2 = 1)) := by
      simp only [drop, growth]
      omega
    rcases step with ⟨equal, half, tie⟩ | ⟨equal, half, tie⟩ <;> rw [equal]
    · refine ⟨nearest_lower member_lower le lt gap (at_middle.2.1 half), ?_⟩
      by_cases middle : (2 * a + 1) * 2 ^ 37 ≤ (window : Int)
      · exact Or.inl (even_lower (tie middle))
      · refine Or.inr fun y near => only_lower member_lower le lt gap ?_ near
        have := fun h => middle (at_middle.1.2 h)
        grind
    · refine ⟨nearest_upper member_upper le lt gap (at_middle.1.1 half), ?_⟩
      by_cases middle : (window : Int) ≤ (2 * a + 1) * 2 ^ 37
      · exact Or.inl (even_upper (tie middle))
      · refine Or.inr fun y near => only_upper member_upper le lt gap ?_ near
        have := fun h => middle (at_middle.2.2 h)
        grind
  | .nearestAway =>
    have step : (e * 2 ^ 23 + drop .nearestAway false window 38 = e * 2 ^ 23 + a ∧
          (window : Int) < (2 * a + 1) * 2 ^ 37) ∨
        (e * 2 ^ 23 + drop .nearestAway false window 38 = e * 2 ^ 23 + a + 1 ∧
          (2 * a + 1) * 2 ^ 37 ≤ (window : Int)) := by
      simp only [drop, growth]
      omega
    rcases step with ⟨equal, half⟩ | ⟨equal, half⟩ <;> rw [equal]
    · refine ⟨nearest_lower member_lower le lt gap (at_middle.2.1 (by omega)), fun y near => ?_⟩
      rw [only_lower member_lower le lt gap ?_ near]
      · exact le_refl _
      · by_cases h : real (grid (e * 2 ^ 23 + a)) + real (grid (e * 2 ^ 23 + a + 1)) ≤ x + x
        · have := at_middle.1.2 h
          omega
        · grind
    · exact ⟨nearest_upper member_upper le lt gap (at_middle.1.1 half),
        fun y near => away_upper member_upper nonneg le lt near⟩
  | .up =>
    have step : (e * 2 ^ 23 + drop .up false window 38 = e * 2 ^ 23 + a ∧
          (window : Int) ≤ 2 * a * 2 ^ 37) ∨
        (e * 2 ^ 23 + drop .up false window 38 = e * 2 ^ 23 + a + 1 ∧
          2 * a * 2 ^ 37 < (window : Int)) := by
      simp only [drop, growth, leadsAway, Bool.not_false, if_true]
      omega
    rcases step with ⟨equal, half⟩ | ⟨equal, half⟩ <;> rw [equal]
    · have := at_lower.2.1 half
      rw [show x = real (grid (e * 2 ^ 23 + a)) by grind]
      exact roundsUp_self member_lower
    · refine up_of_gap member_upper ?_ (by grind) gap
      by_cases h : x ≤ real (grid (e * 2 ^ 23 + a))
      · have := at_lower.2.2 (by grind)
        omega
      · grind
  | .down =>
    have equal : e * 2 ^ 23 + drop .down false window 38 = e * 2 ^ 23 + a := by
      simp only [drop, growth, leadsAway, Bool.false_eq_true, if_false]
      omega
    rw [equal]
    exact down_of_gap member_lower le lt gap
  | .zero =>
    have equal : e * 2 ^ 23 + drop .zero false window 38 = e * 2 ^ 23 + a := by
      simp only [drop, growth, leadsAway, Bool.false_eq_true, if_false]
      omega
    rw [equal]
    refine ⟨fun _ => down_of_gap member_lower le lt gap, fun nonpos => ?_⟩
    rw [show x = real (grid (e * 2 ^ 23 + a)) by grind]
    exact roundsUp_self member_lower

end Refsem.Kernel
