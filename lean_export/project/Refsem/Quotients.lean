/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Arithmetic

@[expose] public section

/-!
# Quotients of the kernel are the roundings of the exact ones

## Main statements

* `stands_sticky`: the whole part of a number, its last bit set where something is left over.
* `div_delivered`: for finite operands, the divisor not zero.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

-- Places make exponents beyond the 256 that Lean evaluates unasked.
set_option exponentiation.threshold 700

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem cast_positive {n : Int} (positive : 0 < n) : (0 : α) < (n : α) := by
  have := cast_lt_iff (α := α) (a := 0) (b := n)
  rw [cast_zero] at this
  exact this.2 positive

theorem cancel {a b c : α} (positive : 0 < c) (equal : a * c = b * c) : a = b := by
  have h₁ := mul_le_iff (a := a) (b := b) positive
  have h₂ := mul_le_iff (a := b) (b := a) positive
  rw [equal] at h₁ h₂
  exact le_antisymm (h₁.1 (le_refl _)) (h₂.1 (le_refl _))

/-- A whole number compares with even ones as the number does of which it is the whole part, if
its last bit is set where something is left over. -/
theorem stands_sticky {whole left : Nat} {u : Int} {w : α}
    (below : ∀ c : Int, c ≤ whole ↔ ((c * u : Int) : α) ≤ w)
    (met : left = 0 → ∀ c : Int, (whole : Int) ≤ c ↔ w ≤ ((c * u : Int) : α))
    (passed : left ≠ 0 → ∀ c : Int, (whole : Int) < c ↔ w ≤ ((c * u : Int) : α)) :
    Stands 2 u (sticky whole left) w := by
  intro c
  have lower := below (c * 2)
  unfold sticky
  by_cases nothing : left = 0
  · rw [if_pos nothing]
    exact ⟨lower, met nothing (c * 2)⟩
  · have upper := passed nothing (c * 2)
    rw [if_neg nothing, ← lower, ← upper]
    omega

/-! ### Quotients -/

theorem stands_quotient {dividend divisor : Nat} {u : Int} {w : α} (positive : 0 < divisor)
    (unit_pos : 0 < u)
    (equal : w * ((divisor : Int) : α) = (((dividend : Int) * u : Int) : α)) :
    Stands 2 u (sticky (dividend / divisor) (dividend % divisor)) w := by
  have scale : (0 : α) < ((divisor : Int) : α) := cast_positive (by omega)
  have above (c : Int) : ((c * u : Int) : α) ≤ w ↔ c * divisor ≤ dividend := by
    rw [← mul_le_iff scale, equal, ← cast_mul, cast_le_iff]
    rw [show c * u * (divisor : Int) = c * divisor * u by grind]
    exact ⟨fun le => Int.le_of_mul_le_mul_right le unit_pos,
      fun le => Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt unit_pos)⟩
  have below (c : Int) : w ≤ ((c * u : Int) : α) ↔ dividend ≤ c * divisor := by
    rw [← mul_le_iff scale, equal, ← cast_mul, cast_le_iff]
    rw [show c * u * (divisor : Int) = c * divisor * u by grind]
    exact ⟨fun le => Int.le_of_mul_le_mul_right le unit_pos,
      fun le => Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt unit_pos)⟩
  obtain ⟨low, high⟩ := div_shape dividend divisor positive
  have whole := Nat.div_add_mod dividend divisor
  rw [Nat.mul_comm] at whole
  have pieces : ((dividend / divisor : Nat) : Int) * divisor + (dividend % divisor : Nat) =
      dividend := by
    rw [← Int.natCast_mul, ← Int.natCast_add, whole]
  have order := le_mul_iff (show (0 : Int) < divisor by omega) low high
  refine stands_sticky (fun c => ?_) (fun nothing c => ?_) (fun left c => ?_)
  · rw [above, order]
  · rw [below]
    rw [nothing, Int.natCast_zero, Int.add_zero] at pieces
    rw [← pieces]
    exact ⟨fun le => Int.mul_le_mul_of_nonneg_right le (by omega),
      fun le => Int.le_of_mul_le_mul_right le (by omega)⟩
  · rw [below]
    have lost : ((dividend / divisor : Nat) : Int) * divisor < dividend := by omega
    constructor
    · intro less
      have := Int.mul_le_mul_of_nonneg_right
        (show ((dividend / divisor : Nat) : Int) + 1 ≤ c by omega)
        (show (0 : Int) ≤ divisor by omega)
      omega
    · intro le
      by_cases less : ((dividend / divisor : Nat) : Int) < c
      · exact less
      · have := Int.mul_le_mul_of_nonneg_right
          (show c ≤ ((dividend / divisor : Nat) : Int) by omega)
          (show (0 : Int) ≤ divisor by omega)
        omega

theorem sticky_bounds (whole left : Nat) : whole ≤ sticky whole left + 0 ∧
    sticky whole left ≤ whole + 1 := by
  unfold sticky
  split <;> omega

theorem real_div (s t : Bool) (a b : Nat) (positive : 0 < b) :
    (real (integer s a) / real (integer t b) : α) = withSign (s != t) (real a / real b) := by
  have nonzero : (real b : α) ≠ 0 := by
    intro zero
    have := real_mul_unit (α := α) b
    have := cast_positive (α := α) (show (0 : Int) < b by omega)
    grind
  cases s <;> cases t <;> simp only [integer, withSign, real_neg, if_true, Bool.false_eq_true,
    if_false, bne_self_eq_false, Bool.true_bne, Bool.false_bne, Bool.not_false] <;>
    generalize (real b : α) = y at * <;> generalize (real a : α) = x <;> grind

variable [Max α] [LawfulOrderMax α]

theorem divFinite_delivered (mode : Mode) {x y : Nat} (finite_x : IsFinite x)
    (finite_y : IsFinite y) (divisor : magnitudeOf y ≠ 0) :
    Delivered mode (number x / number y : α) (divFinite mode x y) := by
  have place_x := placeOf_ge (magnitudeOf x)
  have place_y := placeOf_ge (magnitudeOf y)
  have exponent_y := exponentOf_lt finite_y.2
  have most : placeOf (magnitudeOf y) ≤ 766 := by
    unfold placeOf
    omega
  have full_y := fullOf_bounds (Nat.pos_of_ne_zero divisor)
  have grid_y : 0 < grid (magnitudeOf y) :=
    Nat.mul_pos (significandOf_pos (Nat.pos_of_ne_zero divisor)) (Nat.two_pow_pos _)
  rw [number_eq finite_x, number_eq finite_y, real_div _ _ _ _ grid_y]
  unfold divFinite
  by_cases zero : magnitudeOf x = 0
  · rw [if_pos zero, zero]
    have nothing : grid 0 = 0 := by decide
    have : (withSign (isNegative x != isNegative y)
        (real ((0 : Nat) : Int) / real (grid (magnitudeOf y))) : α) = 0 := by
      rw [show ((0 : Nat) : Int) = 0 from rfl, real_zero]
      unfold withSign
      split <;> grind
    rw [nothing, this]
    exact zero_delivered mode _
  · rw [if_neg zero]
    have full_x := fullOf_bounds (Nat.pos_of_ne_zero zero)
    have spaces : fullOf (magnitudeOf x) * 2 ^ 27 *
        2 ^ (placeOf (magnitudeOf x) + 634 - placeOf (magnitudeOf y)) *
        2 ^ placeOf (magnitudeOf y) = grid (magnitudeOf x) * 2 ^ 512 * 2 ^ 661 := by
      rw [← full_place, Nat.mul_assoc, Nat.mul_assoc, Nat.mul_assoc, ← Nat.pow_add, ← Nat.pow_add,
        ← Nat.pow_add]
      congr 2
      omega
    have units : (2 : Int) ^ 661 = (unit : Int) * 2 ^ 512 := by
      have : (unit : Int) = 2 ^ 149 := cast_power 149
      rw [this]
      exact power_split rfl
    have quotient := stands_quotient (α := α) (u := 2 ^ (placeOf (magnitudeOf x) + 634 -
        placeOf (magnitudeOf y))) (dividend := fullOf (magnitudeOf x) * 2 ^ 27)
      (w := real (grid (magnitudeOf x)) / real (grid (magnitudeOf y)) * ((unit : Int) : α) *
        ((2 ^ 512 : Int) : α)) (show 0 < fullOf (magnitudeOf y) by omega) (power_positive _) (by
      refine cancel (cast_positive (power_positive (placeOf (magnitudeOf y)))) ?_
      rw [← cast_mul, ← cast_power (placeOf (magnitudeOf y)),
        ← cast_power (placeOf (magnitudeOf x) + 634 - placeOf (magnitudeOf y)), ← Int.natCast_mul,
        ← Int.natCast_mul, spaces]
      have divisors : ((fullOf (magnitudeOf y) : Int) : α) *
          (((2 ^ placeOf (magnitudeOf y) : Nat) : Int) : α) =
          ((grid (magnitudeOf y) : Int) : α) * ((2 ^ 512 : Int) : α) := by
        rw [← cast_mul, ← Int.natCast_mul, full_place, Int.natCast_mul, cast_mul, cast_power]
      have e₁ := real_mul_unit (α := α) (grid (magnitudeOf x))
      have e₂ := real_mul_unit (α := α) (grid (magnitudeOf y))
      have positive := cast_positive (α := α) (show (0 : Int) < grid (magnitudeOf y) by omega)
      have unit_pos := unit_positive (α := α)
      rw [Int.natCast_mul, Int.natCast_mul, cast_power 512, cast_power 661, units, cast_mul,
        cast_mul, cast_mul]
      generalize ((2 ^ 512 : Int) : α) = t at *
      generalize ((unit : Int) : α) = v at *
      generalize ((fullOf (magnitudeOf y) : Int) : α) = f at *
      generalize (((2 ^ placeOf (magnitudeOf y) : Nat) : Int) : α) = p at *
      rw [← e₂] at divisors positive
      rw [← e₁]
      generalize (real (grid (magnitudeOf x)) : α) = a at *
      generalize (real (grid (magnitudeOf y)) : α) = b at *
      have nonzero : b ≠ 0 := by grind
      have : a / b * v * t * f * p = a / b * v * t * (f * p) := by grind
      rw [this, divisors]
      grind)
    have least : 2 ^ 26 ≤ fullOf (magnitudeOf x) * 2 ^ 27 / fullOf (magnitudeOf y) :=
      (Nat.le_div_iff_mul_le (by omega)).2 (by omega)
    have greatest : fullOf (magnitudeOf x) * 2 ^ 27 / fullOf (magnitudeOf y) ≤
        fullOf (magnitudeOf x) * 2 ^ 27 := Nat.div_le_self _ _
    have bounds := sticky_bounds (fullOf (magnitudeOf x) * 2 ^ 27 / fullOf (magnitudeOf y))
      (fullOf (magnitudeOf x) * 2 ^ 27 % fullOf (magnitudeOf y))
    exact deliver_delivered (Or.inr ⟨by omega, quotient⟩) (by omega) (by omega) (by omega)

/-- A quotient of finite patterns, the divisor not zero, is the rounding of the exact one. -/
theorem div_delivered (mode : Mode) {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y)
    (divisor : magnitudeOf y ≠ 0) : Delivered mode (number x / number y : α) (div mode x y) := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  simp only [div, x₁, x₂, y₁, y₂, divisor, Bool.or_self, Bool.false_eq_true, if_false]
  exact divFinite_delivered mode finite_x finite_y divisor

end Refsem.Kernel
