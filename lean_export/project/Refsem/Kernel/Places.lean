/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Kernel.Grid

@[expose] public section

/-!
# Significands of 24 bits, and their places

## Main statements

* `fullOf_bounds`: every significand can be shifted to 24 bits, those of subnormal numbers too.
* `full_place`, `full_places`: with its place it is the number still, and so is a product.
-/

namespace Refsem.Kernel

-- Places make exponents beyond the 256 that Lean evaluates unasked.
set_option exponentiation.threshold 700

theorem significandOf_lt (m : Nat) : significandOf m < 2 ^ 24 := by
  unfold significandOf
  split <;> omega

theorem significandOf_full {m : Nat} (normal : 0 < exponentOf m) : 2 ^ 23 ≤ significandOf m := by
  unfold significandOf
  unfold exponentOf at normal
  rw [if_neg (by omega)]
  omega

theorem significandOf_pos {m : Nat} (positive : 0 < m) : 0 < significandOf m := by
  unfold significandOf
  split <;> omega

theorem exponentOf_lt {m : Nat} (finite : m < infinity) : exponentOf m < 254 := by
  have top : infinity = 255 * 2 ^ 23 := by decide
  unfold exponentOf
  omega

theorem roomOf_le (m : Nat) : roomOf m ≤ 23 := by
  unfold roomOf
  omega

/-- A full significand has 24 bits. -/
theorem fullOf_bounds {m : Nat} (positive : 0 < m) : 2 ^ 23 ≤ fullOf m ∧ fullOf m < 2 ^ 24 := by
  have nonzero := significandOf_pos positive
  have small := significandOf_lt m
  unfold fullOf roomOf
  generalize significandOf m = s at *
  have low := Nat.log2_self_le (show s ≠ 0 by omega)
  have high := Nat.lt_log2_self (n := s)
  have length := (Nat.log2_lt (show s ≠ 0 by omega)).2 small
  have power : 2 ^ s.log2 * 2 ^ (23 - s.log2) = 2 ^ 23 := by
    rw [← Nat.pow_add]; congr 1; omega
  constructor
  · rw [← power]
    exact Nat.mul_le_mul_right _ low
  · have := Nat.mul_lt_mul_of_pos_right high (Nat.two_pow_pos (23 - s.log2))
    rw [Nat.pow_succ, Nat.mul_right_comm, power] at this
    omega

theorem fullOf_zero : fullOf 0 = 0 := by
  decide +kernel

theorem placeOf_ge (m : Nat) : 489 ≤ placeOf m := by
  have := roomOf_le m
  unfold placeOf
  omega

theorem shifted {s r e p n : Nat} (sum : r + p = e + n) :
    s * 2 ^ r * 2 ^ p = s * 2 ^ e * 2 ^ n := by
  rw [Nat.mul_assoc, Nat.mul_assoc, ← Nat.pow_add, ← Nat.pow_add, sum]

theorem shifted_both {s t a b p e f n : Nat} (sum : a + b + p = e + f + n) :
    s * 2 ^ a * (t * 2 ^ b) * 2 ^ p = s * 2 ^ e * (t * 2 ^ f) * 2 ^ n := by
  have powers : 2 ^ a * 2 ^ b * 2 ^ p = 2 ^ e * 2 ^ f * 2 ^ n := by
    rw [← Nat.pow_add, ← Nat.pow_add, ← Nat.pow_add, ← Nat.pow_add, sum]
  have left : s * 2 ^ a * (t * 2 ^ b) * 2 ^ p = s * t * (2 ^ a * 2 ^ b * 2 ^ p) := by ac_rfl
  have right : s * 2 ^ e * (t * 2 ^ f) * 2 ^ n = s * t * (2 ^ e * 2 ^ f * 2 ^ n) := by ac_rfl
  rw [left, right, powers]

theorem full_place (m : Nat) : fullOf m * 2 ^ placeOf m = grid m * 2 ^ 512 := by
  have room := roomOf_le m
  unfold fullOf placeOf grid
  exact shifted (by omega)

theorem full_places (m k : Nat) :
    fullOf m * fullOf k * 2 ^ (placeOf m + placeOf k - 661) = grid m * grid k * 2 ^ 363 := by
  have room := roomOf_le m
  have room' := roomOf_le k
  unfold fullOf placeOf grid
  exact shifted_both (by omega)

end Refsem.Kernel
