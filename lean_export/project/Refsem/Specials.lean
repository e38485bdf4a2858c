/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Arithmetic

@[expose] public section

/-!
# Zeros and NaNs

## Main statements

* `add_zero_sign`: the sign of a sum that is exactly zero, whatever was jammed.
* `mul_zero_sign`: that of a product with a zero.
* `nan_add`, `nan_mul`, `nan_fma`, `nan_div`, `nan_sqrt`: of a NaN there are NaNs only.
-/

open Lean.Grind Std

namespace Refsem.Kernel

attribute [local instance] Lean.Grind.Ring.intCast

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
