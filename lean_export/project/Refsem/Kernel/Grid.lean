/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Binary32
public import Refsem.Kernel

@[expose] public section

/-!
# The numbers of binary32 in order, and what jamming keeps

Magnitudes count the numbers of the format from zero upwards: that is why a rounding may add one to
a pattern, whatever its exponent. Exponents are unlimited here.

## Main statements

* `grid_lt_succ`, `representable_grid`, `representable_gap`: nothing lies between neighbours.
* `even_grid`: the even magnitudes have even significands.
* `value_eq`: what a pattern stands for, by its sign and magnitude.
* `jam_compare`: a jammed number compares with even numbers as the number did.
-/

namespace Refsem.Kernel

/-- The number with a magnitude, times 2^149. -/
def grid (p : Nat) : Nat :=
  significandOf p * 2 ^ exponentOf p

/-- A magnitude is an exponent and, where that is not the least, a full significand. -/
theorem grid_shape (p : Nat) :
    ∃ a e, p = e * 2 ^ 23 + a ∧ a < 2 ^ 24 ∧ (e = 0 ∨ 2 ^ 23 ≤ a) := by
  by_cases small : p < 2 ^ 23
  · exact ⟨p, 0, by omega⟩
  · exact ⟨p % 2 ^ 23 + 2 ^ 23, p / 2 ^ 23 - 1, by omega⟩

/-- Also where a significand of 25 bits, just reached, carries into the exponent. -/
theorem grid_at {a e : Nat} (le : a ≤ 2 ^ 24) (shape : e = 0 ∨ 2 ^ 23 ≤ a) :
    grid (e * 2 ^ 23 + a) = a * 2 ^ e := by
  unfold grid significandOf exponentOf
  by_cases small : a < 2 ^ 23
  · have : e = 0 := by omega
    subst this
    rw [if_pos (by omega)]
    have : (0 * 2 ^ 23 + a) / 2 ^ 23 - 1 = 0 := by omega
    rw [this]; omega
  · rw [if_neg (by omega)]
    by_cases top : a = 2 ^ 24
    · subst top
      have h₁ : (e * 2 ^ 23 + 2 ^ 24) / 2 ^ 23 - 1 = e + 1 := by omega
      have h₂ : (e * 2 ^ 23 + 2 ^ 24) % 2 ^ 23 + 2 ^ 23 = 2 ^ 23 := by omega
      have power : 2 ^ (e + 1) = 2 ^ e * 2 := Nat.pow_succ 2 e
      rw [h₁, h₂, power]
      omega
    · have h₁ : (e * 2 ^ 23 + a) / 2 ^ 23 - 1 = e := by omega
      have h₂ : (e * 2 ^ 23 + a) % 2 ^ 23 + 2 ^ 23 = a := by omega
      rw [h₁, h₂]

theorem grid_lt_succ (p : Nat) : grid p < grid (p + 1) := by
  obtain ⟨a, e, rfl, small, shape⟩ := grid_shape p
  rw [grid_at (by omega) shape, Nat.add_assoc, grid_at (by omega) (by omega), Nat.add_mul]
  have := Nat.two_pow_pos e
  omega

theorem grid_mono {p q : Nat} (le : p ≤ q) : grid p ≤ grid q := by
  induction le with
  | refl => exact Nat.le_refl _
  | step _ ih => exact Nat.le_of_lt (Nat.lt_of_le_of_lt ih (grid_lt_succ _))

theorem exists_grid : ∀ e m : Nat, m < 2 ^ 24 → ∃ p, grid p = m * 2 ^ e
  | 0, m, small => by
    have := grid_at (a := m) (e := 0) (by omega) (Or.inl rfl)
    exact ⟨_, this⟩
  | e + 1, m, small => by
    by_cases full : 2 ^ 23 ≤ m
    · exact ⟨(e + 1) * 2 ^ 23 + m, grid_at (by omega) (Or.inr full)⟩
    · obtain ⟨p, equal⟩ := exists_grid e (2 * m) (by omega)
      refine ⟨p, ?_⟩
      rw [equal, Nat.pow_succ, Nat.mul_comm 2 m, Nat.mul_assoc, Nat.mul_comm (2 ^ e)]

theorem representable_grid (p : Nat) : Representable (grid p : Int) := by
  obtain ⟨a, e, rfl, small, shape⟩ := grid_shape p
  rw [grid_at (by omega) shape]
  exact ⟨(a : Int), e, by simp, by simpa using small⟩

/-- No number of the format lies between two neighbours. -/
theorem representable_gap {n : Int} (member : Representable n) (p : Nat) :
    n ≤ (grid p : Int) ∨ (grid (p + 1) : Int) ≤ n := by
  obtain ⟨m, e, equal, small⟩ := member
  obtain ⟨q, place⟩ := exists_grid e m.natAbs small
  have size : n.natAbs = m.natAbs * 2 ^ e := by
    rw [equal, Int.natAbs_mul, Int.natAbs_pow]; rfl
  rw [← place] at size
  rcases Nat.lt_or_ge p q with above | below
  · have := grid_mono (show p + 1 ≤ q from above)
    have := grid_mono (Nat.le_of_lt above)
    by_cases negative : n < 0
    · exact Or.inl (by omega)
    · exact Or.inr (by omega)
  · have := grid_mono below
    exact Or.inl (by omega)

/-- An integer that is 2^149 times a number with an even significand. -/
def RepresentableEven (n : Int) : Prop :=
  ∃ (m : Int) (e : Nat), n = m * 2 ^ (e + 1) ∧ m.natAbs < 2 ^ 23

theorem representableEven_neg {n : Int} : RepresentableEven n → RepresentableEven (-n)
  | ⟨m, e, equal, small⟩ =>
    ⟨-m, e, by rw [equal, Int.neg_mul], by rw [Int.natAbs_neg]; exact small⟩

theorem even_grid {p : Nat} (even : p % 2 = 0) : RepresentableEven (grid p : Int) := by
  obtain ⟨a, e, rfl, small, shape⟩ := grid_shape p
  rw [grid_at (by omega) shape]
  have half : a = a / 2 * 2 := by omega
  have equal : a * 2 ^ e = a / 2 * 2 ^ (e + 1) := by
    rw [Nat.pow_succ, Nat.mul_comm (2 ^ e), ← Nat.mul_assoc, ← half]
  rw [equal]
  exact ⟨((a / 2 : Nat) : Int), e, by rw [Int.natCast_mul, Int.natCast_pow]; rfl,
    by simp only [Int.natAbs_natCast]; omega⟩

/-! ### Patterns -/

theorem magnitude_eq {p : Nat} (small : p < 2 ^ 31) : magnitude p = grid p := by
  unfold magnitude grid significandOf exponentOf
  have fraction : Nat.land p 8388607 = p % 2 ^ 23 := Nat.and_two_pow_sub_one_eq_mod p 23
  have field : Nat.land (Nat.shiftRight p 23) 255 = p / 2 ^ 23 % 2 ^ 8 := by
    have := Nat.and_two_pow_sub_one_eq_mod (Nat.shiftRight p 23) 8
    rw [show Nat.shiftRight p 23 = p / 2 ^ 23 from Nat.shiftRight_eq_div_pow p 23] at this ⊢
    exact this
  rw [field, fraction]
  have whole : p / 2 ^ 23 % 2 ^ 8 = p / 2 ^ 23 := by omega
  rw [whole]
  split
  · next zero =>
    rw [if_pos (by omega), zero]
    omega
  · next exponent place =>
    rw [if_neg (by omega), place]
    exact Nat.shiftLeft_eq _ _

/-- What a pattern stands for, times 2^149. -/
theorem value_eq {bits : Nat} (pattern : bits < 2 ^ 32) :
    value bits = integer (isNegative bits) (grid (magnitudeOf bits)) := by
  have sign : isPositive bits = !isNegative bits := by
    unfold isPositive isNegative
    rw [show Nat.shiftRight bits 31 = bits / 2 ^ 31 from Nat.shiftRight_eq_div_pow bits 31]
    by_cases negative : 2 ^ 31 ≤ bits
    · have : bits / 2 ^ 31 = 1 := by omega
      rw [this]; simp [negative]; rfl
    · have : bits / 2 ^ 31 = 0 := by omega
      rw [this]; simp [negative]
  have same : magnitude bits = magnitude (magnitudeOf bits) := by
    unfold magnitude magnitudeOf
    have f₁ : Nat.land bits 8388607 = bits % 2 ^ 23 := Nat.and_two_pow_sub_one_eq_mod bits 23
    have f₂ : Nat.land (bits % 2 ^ 31) 8388607 = bits % 2 ^ 31 % 2 ^ 23 :=
      Nat.and_two_pow_sub_one_eq_mod _ 23
    have g (b : Nat) : Nat.land (Nat.shiftRight b 23) 255 = b / 2 ^ 23 % 2 ^ 8 := by
      have := Nat.and_two_pow_sub_one_eq_mod (Nat.shiftRight b 23) 8
      rw [show Nat.shiftRight b 23 = b / 2 ^ 23 from Nat.shiftRight_eq_div_pow b 23] at this ⊢
      exact this
    rw [f₁, f₂, g, g]
    have : bits % 2 ^ 31 % 2 ^ 23 = bits % 2 ^ 23 := by omega
    have : bits % 2 ^ 31 / 2 ^ 23 % 2 ^ 8 = bits / 2 ^ 23 % 2 ^ 8 := by omega
    simp only [*]
  rw [value, sign, same, magnitude_eq (by unfold magnitudeOf; omega)]
  cases isNegative bits <;> rfl

theorem magnitudeOf_signed {negative : Bool} {p : Nat} (small : p < 2 ^ 31) :
    magnitudeOf (signed negative p) = p := by
  unfold magnitudeOf signed
  cases negative <;> simp <;> omega

theorem isNegative_signed {negative : Bool} {p : Nat} (small : p < 2 ^ 31) :
    isNegative (signed negative p) = negative := by
  unfold isNegative signed
  cases negative <;> simp <;> omega

theorem signed_lt {negative : Bool} {p : Nat} (small : p < 2 ^ 31) :
    signed negative p < 2 ^ 32 := by
  unfold signed
  cases negative <;> simp <;> omega

theorem value_signed {negative : Bool} {p : Nat} (small : p < 2 ^ 31) :
    value (signed negative p) = integer negative (grid p) := by
  rw [value_eq (signed_lt small), isNegative_signed small, magnitudeOf_signed small]

/-! ### Jamming -/

theorem le_mul_iff {k s D : Int} (positive : 0 < D) (low : k * D ≤ s) (high : s < (k + 1) * D)
    (c : Int) : c ≤ k ↔ c * D ≤ s := by
  constructor
  · intro le
    exact Int.le_trans (Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt positive)) low
  · intro le
    by_cases above : c ≤ k
    · exact above
    · have := Int.mul_le_mul_of_nonneg_right (show k + 1 ≤ c by omega) (Int.le_of_lt positive)
      omega

/-- The last bit set, if anything is lost: then the result compares with even numbers as before. -/
theorem jammed_compare {k s D j : Int} (positive : 0 < D) (low : k * D ≤ s)
    (high : s < (k + 1) * D) (jammed : k * D = s ∧ j = k ∨ k * D < s ∧ j = k / 2 * 2 + 1)
    (t : Int) : (2 * t ≤ j ↔ 2 * t * D ≤ s) ∧ (j ≤ 2 * t ↔ s ≤ 2 * t * D) := by
  have below := le_mul_iff positive low high
  rcases jammed with ⟨exact_, rfl⟩ | ⟨lost, rfl⟩
  · refine ⟨below (2 * t), fun le => ?_, fun le => ?_⟩
    · rw [← exact_]
      exact Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt positive)
    · rw [← exact_] at le
      exact Int.le_of_mul_le_mul_right le positive
  · refine ⟨?_, fun le => ?_, fun le => ?_⟩
    · rw [← below (2 * t)]
      omega
    · have := Int.mul_le_mul_of_nonneg_right (show k + 1 ≤ 2 * t by omega) (Int.le_of_lt positive)
      omega
    · by_cases above : 2 * t ≤ k
      · have := Int.mul_le_mul_of_nonneg_right above (Int.le_of_lt positive)
        omega
      · omega

theorem div_shape (s D : Nat) (positive : 0 < D) :
    ((s / D : Nat) : Int) * D ≤ s ∧ (s : Int) < ((s / D : Nat) + 1) * D := by
  have whole := Nat.div_add_mod s D
  have left := Nat.mod_lt s positive
  rw [Nat.mul_comm] at whole
  generalize s / D = k at *
  generalize s % D = r at *
  rw [Int.add_mul, ← Int.natCast_mul]
  omega

theorem jam_compare (s d : Nat) (t : Int) :
    (2 * t ≤ (jam s d : Int) ↔ 2 * t * 2 ^ d ≤ (s : Int)) ∧
    ((jam s d : Int) ≤ 2 * t ↔ (s : Int) ≤ 2 * t * 2 ^ d) := by
  have positive := Nat.two_pow_pos d
  have power : ((2 ^ d : Nat) : Int) = 2 ^ d := by simp
  obtain ⟨low, high⟩ := div_shape s (2 ^ d) positive
  rw [← power]
  refine jammed_compare (by omega) low high ?_ t
  unfold jam
  split
  · next equal => exact Or.inl ⟨by rw [← Int.natCast_mul, equal], rfl⟩
  · next differ =>
    refine Or.inr ⟨?_, by omega⟩
    rw [← Int.natCast_mul] at low ⊢
    omega

theorem jam_zero (s : Nat) : jam s 0 = s := by
  simp [jam]

theorem jam_le (s d : Nat) : jam s d ≤ s / 2 ^ d + 1 := by
  unfold jam
  split <;> omega

end Refsem.Kernel
