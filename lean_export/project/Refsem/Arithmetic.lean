/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Kernel.Places
public import Refsem.Kernel.Sums

@[expose] public section

/-!
# Sums and products of the kernel are the roundings of the exact ones

For finite operands, in every mode, over any ordered field: the rational numbers, the real ones.

## Main statements

* `add_delivered`, `sub_delivered`, `mul_delivered`, `fma_delivered`.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

-- Places make exponents beyond the 256 that Lean evaluates unasked.
set_option exponentiation.threshold 700

/-! ### Exact results in units of 2^-661 -/

section Exact

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem grains_eq : (2 : Int) ^ 512 = (unit : Int) * 2 ^ 363 := by
  have : (unit : Int) = 2 ^ 149 := cast_power 149
  rw [this]
  exact power_split rfl

theorem real_grains (n : Int) :
    (real n : α) * ((unit : Int) : α) * ((2 ^ 512 : Int) : α) = ((n * 2 ^ 512 : Int) : α) := by
  rw [real_mul_unit, cast_mul]

theorem product_grains (m n : Int) :
    (real m : α) * real n * ((unit : Int) : α) * ((2 ^ 512 : Int) : α) =
      ((m * n * 2 ^ 363 : Int) : α) := by
  rw [grains_eq, cast_mul, cast_mul, cast_mul]
  have h₁ := real_mul_unit (α := α) m
  have h₂ := real_mul_unit (α := α) n
  rw [← h₁, ← h₂]
  grind

theorem number_eq {x : Nat} (finite : IsFinite x) :
    (number x : α) = real (integer (isNegative x) (grid (magnitudeOf x))) := by
  unfold number
  rw [value_eq finite.1]

end Exact

theorem not_special {x : Nat} (finite : IsFinite x) : isNaN x = false ∧ isInfinite x = false := by
  have := finite.2
  unfold isNaN isInfinite
  constructor
  · simp only [decide_eq_false_iff_not]
    omega
  · simp only [beq_eq_false_iff_ne]
    omega

/-! ### The operations -/

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]
  [Max α] [LawfulOrderMax α]

theorem integer_shift (sign : Bool) (s e c n p : Nat) (equal : c + p = e + n) :
    integer sign (s * 2 ^ c) * 2 ^ p = integer sign (s * 2 ^ e) * 2 ^ n := by
  rw [integer_mul, integer_mul, cast_power, cast_power, Int.mul_assoc, Int.mul_assoc,
    ← Int.pow_add, ← Int.pow_add, equal]

theorem addFinite_sums {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y) :
    Sums (addWindows (isNegative x) (significandOf (magnitudeOf x) * 2 ^ 37)
        (exponentOf (magnitudeOf x) + 475) (isNegative y)
        (significandOf (magnitudeOf y) * 2 ^ 37) (exponentOf (magnitudeOf y) + 475))
      (max (exponentOf (magnitudeOf x) + 475) (exponentOf (magnitudeOf y) + 475))
      ((number x + number y : α) * ((unit : Int) : α) * ((2 ^ 512 : Int) : α)) := by
  have small_x := significandOf_lt (magnitudeOf x)
  have small_y := significandOf_lt (magnitudeOf y)
  have sums := addWindows_sums (α := α) (s := isNegative x) (t := isNegative y)
    (x := significandOf (magnitudeOf x) * 2 ^ 37) (y := significandOf (magnitudeOf y) * 2 ^ 37)
    (px := exponentOf (magnitudeOf x) + 475) (py := exponentOf (magnitudeOf y) + 475)
    ⟨significandOf (magnitudeOf x) * 2 ^ 24, by omega⟩
    ⟨significandOf (magnitudeOf y) * 2 ^ 24, by omega⟩ (by omega) (by omega)
    (fun lower => by have := significandOf_full (m := magnitudeOf x) (by omega); omega)
    (fun lower => by have := significandOf_full (m := magnitudeOf y) (by omega); omega)
  rw [number_eq finite_x, number_eq finite_y, ← real_add, real_grains]
  rw [integer_shift _ _ (exponentOf (magnitudeOf x)) 37 512 _ (by omega),
    integer_shift _ _ (exponentOf (magnitudeOf y)) 37 512 _ (by omega), ← Int.add_mul] at sums
  exact sums

theorem addFinite_delivered (mode : Mode) {x y : Nat} (finite_x : IsFinite x)
    (finite_y : IsFinite y) : Delivered mode (number x + number y : α) (addFinite mode x y) := by
  have small_x := significandOf_lt (magnitudeOf x)
  have small_y := significandOf_lt (magnitudeOf y)
  exact deliverSum_delivered (addFinite_sums finite_x finite_y)
    (addWindows_lt (by omega) (by omega)) (by omega)

/-- A sum of finite patterns is the rounding of the exact sum. -/
theorem add_delivered (mode : Mode) {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y) :
    Delivered mode (number x + number y : α) (add mode x y) := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  simp only [add, x₁, x₂, y₁, y₂, Bool.or_self, Bool.false_eq_true, if_false]
  exact addFinite_delivered mode finite_x finite_y

theorem negate_finite {y : Nat} (finite : IsFinite y) :
    IsFinite (negate y) ∧ (number (negate y) : α) = -number y := by
  have top : infinity < 2 ^ 31 := by decide
  obtain ⟨pattern, below⟩ := finite
  have magnitude_same : magnitudeOf (negate y) = magnitudeOf y := by
    unfold negate isNegative magnitudeOf
    split <;> simp_all only [decide_eq_true_eq] <;> omega
  have small : negate y < 2 ^ 32 := by
    unfold negate isNegative
    split <;> simp_all only [decide_eq_true_eq] <;> omega
  have sign : isNegative (negate y) = !isNegative y := by
    unfold negate isNegative
    by_cases h : 2 ^ 31 ≤ y
    · simp only [h, decide_true, if_true, Bool.not_true, decide_eq_false_iff_not]
      omega
    · simp only [h, decide_false, Bool.false_eq_true, if_false, Bool.not_false, decide_eq_true_eq]
      omega
  refine ⟨⟨small, by rw [magnitude_same]; exact below⟩, ?_⟩
  unfold number
  rw [value_eq small, value_eq pattern, sign, magnitude_same, ← real_neg]
  cases isNegative y <;> simp [integer]

/-- A difference of finite patterns is the rounding of the exact difference. -/
theorem sub_delivered (mode : Mode) {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y) :
    Delivered mode (number x - number y : α) (sub mode x y) := by
  obtain ⟨finite, opposite⟩ := negate_finite (α := α) finite_y
  have delivered := add_delivered (α := α) mode finite_x finite
  rw [opposite, show (number x + -number y : α) = number x - number y by grind] at delivered
  exact delivered

theorem mulFinite_delivered (mode : Mode) {x y : Nat} (finite_x : IsFinite x)
    (finite_y : IsFinite y) : Delivered mode (number x * number y : α) (mulFinite mode x y) := by
  have small_x := significandOf_lt (magnitudeOf x)
  have small_y := significandOf_lt (magnitudeOf y)
  have exact_ := product_grains (α := α) (integer (isNegative x) (grid (magnitudeOf x)))
    (integer (isNegative y) (grid (magnitudeOf y)))
  have equal : grid (magnitudeOf x) * grid (magnitudeOf y) =
      significandOf (magnitudeOf x) * significandOf (magnitudeOf y) *
        2 ^ (exponentOf (magnitudeOf x) + exponentOf (magnitudeOf y)) := by
    unfold grid
    rw [Nat.pow_add]
    ac_rfl
  rw [integer_mul_integer, equal] at exact_
  unfold mulFinite
  rw [number_eq finite_x, number_eq finite_y]
  have bound : significandOf (magnitudeOf x) * significandOf (magnitudeOf y) < 2 ^ 24 * 2 ^ 24 :=
    Nat.mul_lt_mul'' small_x small_y
  generalize significandOf (magnitudeOf x) * significandOf (magnitudeOf y) = product at *
  by_cases zero : product = 0
  · rw [if_pos zero]
    unfold grid at equal
    rw [zero, Nat.zero_mul] at equal
    have nothing : (real (integer (isNegative x) (grid (magnitudeOf x))) *
        real (integer (isNegative y) (grid (magnitudeOf y))) : α) = 0 := by
      have : grid (magnitudeOf x) = 0 ∨ grid (magnitudeOf y) = 0 := Nat.mul_eq_zero.1 equal
      have none (s : Bool) : integer s 0 = 0 := by cases s <;> rfl
      rcases this with h | h <;> rw [h, none, real_zero] <;> grind
    rw [nothing]
    exact zero_delivered mode _
  · rw [if_neg zero]
    refine deliver_signed (Or.inl ?_) (by omega) (by omega) (by omega)
    rw [exact_, integer_mul, cast_power, Int.mul_assoc, ← Int.pow_add]

/-- A product of finite patterns is the rounding of the exact product. -/
theorem mul_delivered (mode : Mode) {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y) :
    Delivered mode (number x * number y : α) (mul mode x y) := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  simp only [mul, x₁, x₂, y₁, y₂, Bool.or_self, Bool.false_eq_true, if_false]
  exact mulFinite_delivered mode finite_x finite_y

theorem integer_power (sign : Bool) (a n : Nat) :
    integer sign a * 2 ^ n = integer sign (a * 2 ^ n) := by
  rw [integer_mul, cast_power]

theorem integer_zero (sign : Bool) : integer sign 0 = 0 := by
  cases sign <;> rfl

theorem fmaFinite_delivered (mode : Mode) {x y z : Nat} (finite_x : IsFinite x)
    (finite_y : IsFinite y) (finite_z : IsFinite z) :
    Delivered mode (number x * number y + number z : α) (fmaFinite mode x y z) := by
  have place_x := placeOf_ge (magnitudeOf x)
  have place_y := placeOf_ge (magnitudeOf y)
  have place_z := placeOf_ge (magnitudeOf z)
  have exact_ : (number x * number y + number z : α) * ((unit : Int) : α) * ((2 ^ 512 : Int) : α) =
      ((integer (isNegative x != isNegative y)
          (fullOf (magnitudeOf x) * fullOf (magnitudeOf y) *
            2 ^ (placeOf (magnitudeOf x) + placeOf (magnitudeOf y) - 661)) +
        integer (isNegative z) (fullOf (magnitudeOf z) *
          2 ^ placeOf (magnitudeOf z)) : Int) : α) := by
    rw [full_places, full_place, ← integer_power, ← integer_power, ← integer_mul_integer, cast_add,
      ← product_grains, ← real_grains, number_eq finite_x, number_eq finite_y, number_eq finite_z]
    grind
  have parts (m : Nat) (positive : ¬m = 0) := fullOf_bounds (Nat.pos_of_ne_zero positive)
  simp only [fmaFinite, Bool.or_eq_true, decide_eq_true_eq]
  by_cases zero : magnitudeOf x = 0 ∨ magnitudeOf y = 0
  · have nothing : fullOf (magnitudeOf x) * fullOf (magnitudeOf y) = 0 := by
      rcases zero with h | h <;> rw [h, fullOf_zero]
      · exact Nat.zero_mul _
      · exact Nat.mul_zero _
    rw [nothing, Nat.zero_mul, integer_zero, Int.zero_add] at exact_
    rw [if_pos zero]
    by_cases zero_z : magnitudeOf z = 0
    · rw [if_pos zero_z]
      have empty : Sums 0 512 ((number x * number y + number z : α) * ((unit : Int) : α) *
          ((2 ^ 512 : Int) : α)) := by
        rw [zero_z, fullOf_zero, Nat.zero_mul, integer_zero] at exact_
        exact Or.inl (by rw [exact_, Int.zero_mul])
      exact deliverSum_delivered (mode := mode)
        (zeroSign := zeroSumSign mode (isNegative x != isNegative y) (isNegative z)) empty
        (by decide) (by omega)
    · have bounds := parts _ zero_z
      rw [if_neg zero_z]
      exact deliver_signed (Or.inl (by rw [exact_, integer_power])) (by omega) (by omega)
        (by omega)
  · rw [if_neg zero]
    have bounds_x := parts (magnitudeOf x) fun h => zero (Or.inl h)
    have bounds_y := parts (magnitudeOf y) fun h => zero (Or.inr h)
    have least := Nat.mul_le_mul bounds_x.1 bounds_y.1
    have most := Nat.mul_lt_mul'' bounds_x.2 bounds_y.2
    generalize fullOf (magnitudeOf x) * fullOf (magnitudeOf y) = product at *
    by_cases zero_z : magnitudeOf z = 0
    · rw [if_pos zero_z]
      rw [zero_z, fullOf_zero, Nat.zero_mul, integer_zero, Int.add_zero] at exact_
      exact deliver_signed (Or.inl (by rw [exact_, integer_power])) (by omega) (by omega)
        (by omega)
    · rw [if_neg zero_z]
      have bounds_z := parts _ zero_z
      have sums := addWindows_sums (α := α) (s := isNegative x != isNegative y)
        (t := isNegative z) (x := product * 2 ^ 13) (y := fullOf (magnitudeOf z) * 2 ^ 37)
        (px := placeOf (magnitudeOf x) + placeOf (magnitudeOf y) - 661 - 13)
        (py := placeOf (magnitudeOf z) - 37) ⟨product, by omega⟩
        ⟨fullOf (magnitudeOf z) * 2 ^ 24, by omega⟩ (by omega) (by omega) (fun _ => by omega)
        (fun _ => by omega)
      refine deliverSum_delivered ?_ (addWindows_lt (by omega) (by omega)) (by omega)
      rw [exact_, ← integer_power, ← integer_power]
      rw [← integer_power, ← integer_power, Int.mul_assoc, Int.mul_assoc, ← Int.pow_add,
        ← Int.pow_add] at sums
      rw [show 13 + (placeOf (magnitudeOf x) + placeOf (magnitudeOf y) - 661 - 13) =
          placeOf (magnitudeOf x) + placeOf (magnitudeOf y) - 661 by omega,
        show 37 + (placeOf (magnitudeOf z) - 37) = placeOf (magnitudeOf z) by omega] at sums
      exact sums

/-- A fused product and sum of finite patterns is the rounding, once, of the exact one. -/
theorem fma_delivered (mode : Mode) {x y z : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y)
    (finite_z : IsFinite z) :
    Delivered mode (number x * number y + number z : α) (fma mode x y z) := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  obtain ⟨z₁, z₂⟩ := not_special finite_z
  simp only [fma, x₁, x₂, y₁, y₂, z₁, z₂, Bool.or_self, Bool.false_eq_true, if_false]
  exact fmaFinite_delivered mode finite_x finite_y finite_z

end Refsem.Kernel
