/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Arithmetic

@[expose] public section

/-!
# Zeros, infinities and NaNs

What IEEE 754-2019 says of operands and results that are no finite numbers other than zero (§6.1,
§6.3, §7.2, §7.3), but for flags and the payloads of NaNs: there is one NaN here.

## Main statements

* `add_zero_sign`: the sign of a sum that is exactly zero, whatever was jammed.
* `mul_zero_sign`, `fma_zero_sign`, `div_zero_sign`, `sqrt_zero`: those of the other operations.
* `add_infinite`, `mul_infinite`, `fma_infinite`, `div_infinite`, `sqrt_infinite`: of infinite
  operands.
* `div_by_zero`: another number divided by a zero is infinite.
* `add_invalid`, `mul_invalid`, `fma_invalid`, `div_invalid`, `sqrt_invalid`: what has no value.
* `nan_add`, `nan_mul`, `nan_fma`, `nan_div`, `nan_sqrt`: of a NaN there are NaNs only.
-/

open Lean.Grind Std

namespace Refsem.Kernel

attribute [local instance] Lean.Grind.Ring.intCast

theorem not_nan_of_infinite {x : Nat} (infinite : isInfinite x = true) : isNaN x = false := by
  unfold isInfinite at infinite
  unfold isNaN
  rw [beq_iff_eq] at infinite
  simp [infinite]

theorem not_zero_of_infinite {x : Nat} (infinite : isInfinite x = true) : magnitudeOf x ≠ 0 := by
  unfold isInfinite at infinite
  rw [beq_iff_eq] at infinite
  rw [infinite]
  decide

theorem not_special_of_zero {x : Nat} (zero : magnitudeOf x = 0) :
    isNaN x = false ∧ isInfinite x = false := by
  unfold isNaN isInfinite
  rw [zero]
  decide

/-- An integer tells whether the exact result is zero. -/
theorem sums_zero {total : Int} {place : Nat} (sums : Sums total place (0 : Rat)) : total = 0 := by
  rcases sums with equal | ⟨enough, stands⟩
  · have positive := power_positive place
    have nothing : total * 2 ^ place = 0 := by
      have h₁ := cast_le_iff (α := Rat) (a := total * 2 ^ place) (b := 0)
      have h₂ := cast_le_iff (α := Rat) (a := 0) (b := total * 2 ^ place)
      rw [← equal, cast_zero] at h₁ h₂
      have := h₁.1 (le_refl _)
      have := h₂.1 (le_refl _)
      omega
    rcases Int.mul_eq_zero.1 nothing with zero | zero
    · exact zero
    · omega
  · have compare := stands 0
    rw [Int.zero_mul, Int.zero_mul, cast_zero] at compare
    have := compare.1.2 (le_refl _)
    have := compare.2.2 (le_refl _)
    omega

/-- A sum that is exactly zero has the sign of its terms if they agree, else it is positive, but
rounding down negative (IEEE 754-2019 §6.3). -/
theorem add_zero_sign (mode : Mode) {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y)
    (zero : value x + value y = 0) :
    add mode x y = signed (zeroSumSign mode (isNegative x) (isNegative y)) 0 := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  have sums := addFinite_sums (α := Rat) finite_x finite_y
  have nothing : (number x + number y : Rat) = 0 := by
    unfold number
    rw [← real_add, zero, real_zero]
  rw [nothing, show (0 : Rat) * ((unit : Int) : Rat) * ((2 ^ 512 : Int) : Rat) = 0 by grind]
    at sums
  simp only [add, x₁, x₂, y₁, y₂, Bool.or_self, Bool.false_eq_true, if_false, addFinite,
    deliverSum, sums_zero sums, if_true]

theorem mul_zero_sign (mode : Mode) {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y)
    (zero : magnitudeOf x = 0 ∨ magnitudeOf y = 0) :
    mul mode x y = signed (isNegative x != isNegative y) 0 := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  have nothing : significandOf (magnitudeOf x) * significandOf (magnitudeOf y) = 0 := by
    rcases zero with h | h <;> rw [h] <;> simp [significandOf]
  simp only [mul, x₁, x₂, y₁, y₂, Bool.or_self, Bool.false_eq_true, if_false, mulFinite, nothing,
    if_true]

/-- A fused product and sum of zeros, of which the product has the sign of its factors. -/
theorem fma_zero_sign (mode : Mode) {x y z : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y)
    (zero : magnitudeOf x = 0 ∨ magnitudeOf y = 0) (zero_z : magnitudeOf z = 0) :
    fma mode x y z =
      signed (zeroSumSign mode (isNegative x != isNegative y) (isNegative z)) 0 := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  obtain ⟨z₁, z₂⟩ := not_special_of_zero zero_z
  simp only [fma, x₁, x₂, y₁, y₂, z₁, z₂, Bool.or_self, Bool.false_eq_true, if_false, fmaFinite,
    zero_z, if_true]
  rcases zero with h | h <;> simp [h]

theorem div_zero_sign (mode : Mode) {x y : Nat} (zero : magnitudeOf x = 0) (finite_y : IsFinite y)
    (divisor : magnitudeOf y ≠ 0) : div mode x y = signed (isNegative x != isNegative y) 0 := by
  obtain ⟨x₁, x₂⟩ := not_special_of_zero zero
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  simp only [div, x₁, x₂, y₁, y₂, Bool.or_self, Bool.false_eq_true, if_false, divisor, divFinite,
    zero, if_true]

/-- The root of a zero is that zero. -/
theorem sqrt_zero (mode : Mode) {x : Nat} (zero : magnitudeOf x = 0) : sqrt mode x = x := by
  simp only [sqrt, zero, if_true]

/-- A sum with one infinite term, or with two of the same sign. -/
theorem add_infinite (mode : Mode) {x y : Nat} (infinite : isInfinite x = true)
    (number : isNaN y = false) (agree : isInfinite y = true → isNegative x = isNegative y) :
    add mode x y = x ∧ (isInfinite y = false → add mode y x = x) := by
  have x₁ := not_nan_of_infinite infinite
  refine ⟨?_, fun finite => by simp [add, x₁, number, infinite, finite]⟩
  cases h : isInfinite y with
  | false => simp [add, x₁, number, infinite, h]
  | true => simp [add, x₁, number, infinite, h, agree h]

/-- Infinity less infinity. -/
theorem add_invalid (mode : Mode) {x y : Nat} (infinite_x : isInfinite x = true)
    (infinite_y : isInfinite y = true) (differ : isNegative x ≠ isNegative y) :
    add mode x y = nan := by
  simp [add, not_nan_of_infinite infinite_x, not_nan_of_infinite infinite_y, infinite_x,
    infinite_y, differ]

theorem mul_infinite (mode : Mode) {x y : Nat} (infinite : isInfinite x = true)
    (number : isNaN y = false) (other : magnitudeOf y ≠ 0) :
    mul mode x y = signed (isNegative x != isNegative y) infinity ∧
      mul mode y x = signed (isNegative y != isNegative x) infinity := by
  have x₁ := not_nan_of_infinite infinite
  have x₂ := not_zero_of_infinite infinite
  constructor <;> simp [mul, x₁, x₂, number, infinite, other]

/-- Infinity times zero. -/
theorem mul_invalid (mode : Mode) {x y : Nat} (infinite : isInfinite x = true)
    (zero : magnitudeOf y = 0) : mul mode x y = nan ∧ mul mode y x = nan := by
  have x₁ := not_nan_of_infinite infinite
  have y₁ := (not_special_of_zero zero).1
  constructor <;> simp [mul, x₁, y₁, infinite, zero]

/-- An infinite product, and a third operand that is no infinity of the other sign. -/
theorem fma_infinite (mode : Mode) {x y z : Nat} (infinite : isInfinite x = true)
    (number : isNaN y = false) (other : magnitudeOf y ≠ 0) (number_z : isNaN z = false)
    (agree : isInfinite z = true → isNegative z = (isNegative x != isNegative y)) :
    fma mode x y z = signed (isNegative x != isNegative y) infinity ∧
      fma mode y x z = signed (isNegative y != isNegative x) infinity := by
  have x₁ := not_nan_of_infinite infinite
  have x₂ := not_zero_of_infinite infinite
  have swapped : (isNegative y != isNegative x) = (isNegative x != isNegative y) := by
    cases isNegative x <;> cases isNegative y <;> rfl
  cases h : isInfinite z with
  | false => constructor <;> simp [fma, x₁, x₂, number, number_z, infinite, other, h]
  | true =>
    have same := agree h
    constructor
    · simp [fma, x₁, x₂, number, number_z, infinite, other, h, same]
    · simp [fma, x₁, x₂, number, number_z, infinite, other, h, same, swapped]

/-- A finite product and an infinite third operand. -/
theorem fma_infinite_third (mode : Mode) {x y z : Nat} (finite_x : IsFinite x)
    (finite_y : IsFinite y) (infinite : isInfinite z = true) : fma mode x y z = z := by
  obtain ⟨x₁, x₂⟩ := not_special finite_x
  obtain ⟨y₁, y₂⟩ := not_special finite_y
  simp [fma, x₁, x₂, y₁, y₂, not_nan_of_infinite infinite, infinite]

/-- Infinity times zero, whatever is added, or an infinite product less infinity. -/
theorem fma_invalid (mode : Mode) {x y z : Nat} (infinite : isInfinite x = true)
    (h : magnitudeOf y = 0 ∨
      isNaN y = false ∧ isInfinite z = true ∧ isNegative z ≠ (isNegative x != isNegative y)) :
    fma mode x y z = nan := by
  have x₁ := not_nan_of_infinite infinite
  have x₂ := not_zero_of_infinite infinite
  rcases h with zero | ⟨number, infinite_z, differ⟩
  · by_cases number_z : isNaN z = true <;> simp [fma, infinite, zero, number_z]
  · by_cases zero : magnitudeOf y = 0 <;>
      simp [fma, x₁, x₂, number, not_nan_of_infinite infinite_z, infinite, infinite_z, differ,
        zero]

/-- A quotient with an infinite dividend, or an infinite divisor. -/
theorem div_infinite (mode : Mode) {x y : Nat} (infinite : isInfinite x = true)
    (finite : IsFinite y) :
    div mode x y = signed (isNegative x != isNegative y) infinity ∧
      div mode y x = signed (isNegative y != isNegative x) 0 := by
  have x₁ := not_nan_of_infinite infinite
  obtain ⟨y₁, y₂⟩ := not_special finite
  constructor <;> simp [div, x₁, y₁, y₂, infinite]

/-- A number other than zero, divided by a zero. -/
theorem div_by_zero (mode : Mode) {x y : Nat} (finite : IsFinite x) (other : magnitudeOf x ≠ 0)
    (zero : magnitudeOf y = 0) :
    div mode x y = signed (isNegative x != isNegative y) infinity := by
  obtain ⟨x₁, x₂⟩ := not_special finite
  obtain ⟨y₁, y₂⟩ := not_special_of_zero zero
  simp [div, x₁, x₂, y₁, y₂, zero, other]

/-- Zero by zero, and infinity by infinity. -/
theorem div_invalid (mode : Mode) {x y : Nat}
    (h : magnitudeOf x = 0 ∧ magnitudeOf y = 0 ∨ isInfinite x = true ∧ isInfinite y = true) :
    div mode x y = nan := by
  rcases h with ⟨zero_x, zero_y⟩ | ⟨infinite_x, infinite_y⟩
  · obtain ⟨x₁, x₂⟩ := not_special_of_zero zero_x
    obtain ⟨y₁, y₂⟩ := not_special_of_zero zero_y
    simp [div, x₁, x₂, y₁, y₂, zero_x, zero_y]
  · simp [div, infinite_x, infinite_y]

theorem sqrt_infinite (mode : Mode) {x : Nat} (infinite : isInfinite x = true)
    (positive : isNegative x = false) : sqrt mode x = x := by
  simp [sqrt, not_nan_of_infinite infinite, not_zero_of_infinite infinite, infinite, positive]

/-- The root of a number below zero. -/
theorem sqrt_invalid (mode : Mode) {x : Nat} (negative : isNegative x = true)
    (other : magnitudeOf x ≠ 0) : sqrt mode x = nan := by
  simp [sqrt, negative, other]

theorem nan_add (mode : Mode) {x y : Nat} (h : isNaN x = true ∨ isNaN y = true) :
    add mode x y = nan := by
  unfold add
  rcases h with h | h <;> simp [h]

theorem nan_mul (mode : Mode) {x y : Nat} (h : isNaN x = true ∨ isNaN y = true) :
    mul mode x y = nan := by
  unfold mul
  rcases h with h | h <;> simp [h]

theorem nan_div (mode : Mode) {x y : Nat} (h : isNaN x = true ∨ isNaN y = true) :
    div mode x y = nan := by
  unfold div
  rcases h with h | h <;> simp [h]

theorem nan_fma (mode : Mode) {x y z : Nat}
    (h : isNaN x = true ∨ isNaN y = true ∨ isNaN z = true) : fma mode x y z = nan := by
  unfold fma
  rcases h with h | h | h <;> simp [h]

theorem nan_sqrt (mode : Mode) {x : Nat} (h : isNaN x = true) : sqrt mode x = nan := by
  unfold sqrt
  have : magnitudeOf x ≠ 0 := by
    unfold isNaN at h
    simp only [decide_eq_true_eq] at h
    omega
  simp [this, h]

end Refsem.Kernel
