/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Network
public import Refsem.Rounding

@[expose] public section

/-!
# Binary32: which numbers there are, and directed rounding that can be run

A number of the format, times 2^149, is an integer `m * 2^e` with `|m| < 2^24`. Everything here is
about these integers; the exponent has no upper limit, so overflow is a side condition elsewhere.

## Main statements

* `representable_value`: every finite pattern is such a number.
* `representable_sub`: Sterbenz's lemma, a difference of near numbers is exact.
* `representable_of_small`: a sum in the subnormal range is exact.
* `truncate_roundsDown`: dropping the digits after the 24th rounds down, of any number `n / d`.
-/

namespace Refsem

/-- An integer that is 2^149 times a number of the format, were its exponent unlimited. -/
def Representable (n : Int) : Prop :=
  ∃ (m : Int) (e : Nat), n = m * 2 ^ e ∧ m.natAbs < 2 ^ 24

theorem representable_of_small {n : Int} (small : n.natAbs < 2 ^ 24) : Representable n :=
  ⟨n, 0, by simp, small⟩

theorem representable_neg {n : Int} : Representable n → Representable (-n)
  | ⟨m, e, equal, small⟩ =>
    ⟨-m, e, by rw [equal, Int.neg_mul], by rw [Int.natAbs_neg]; exact small⟩

theorem representable_magnitude (bits : Nat) : Representable (magnitude bits : Int) := by
  unfold magnitude
  have fraction : Nat.land bits 8388607 ≤ 8388607 := Nat.and_le_right
  split
  · exact representable_of_small (by simp only [Int.natAbs_natCast]; omega)
  · next exponent _ =>
    have shifted : Nat.shiftLeft (Nat.add (Nat.land bits 8388607) 8388608) exponent =
        (Nat.land bits 8388607 + 8388608) * 2 ^ exponent := Nat.shiftLeft_eq _ _
    rw [shifted]
    refine ⟨((Nat.land bits 8388607 + 8388608 : Nat) : Int), exponent, by simp, ?_⟩
    simp only [Int.natAbs_natCast]
    omega

theorem representable_value (bits : Nat) : Representable (value bits) := by
  have := representable_magnitude bits
  unfold value
  split
  · exact this
  · exact representable_neg this

/-- A number at most as large as one of the format, and a multiple of its last place. -/
theorem representable_of_le {k m : Int} {e : Nat} (small : m.natAbs < 2 ^ 24)
    (le : (k * 2 ^ e).natAbs ≤ (m * 2 ^ e).natAbs) : Representable (k * 2 ^ e) := by
  refine ⟨k, e, rfl, Nat.lt_of_le_of_lt ?_ small⟩
  rw [Int.natAbs_mul, Int.natAbs_mul] at le
  have positive : 0 < ((2 : Int) ^ e).natAbs := by
    rw [Int.natAbs_pow]; exact Nat.two_pow_pos e
  exact Nat.le_of_mul_le_mul_right le positive

/-- Sterbenz's lemma: if neither of two numbers is more than twice the other, then their difference
is a number of the format. -/
theorem representable_sub {a b : Int} (ha : Representable a) (hb : Representable b)
    (le₁ : a ≤ 2 * b) (le₂ : b ≤ 2 * a) : Representable (a - b) := by
  obtain ⟨m, e, rfl, small⟩ := ha
  obtain ⟨k, f, rfl, small'⟩ := hb
  have split (x y : Nat) (le : x ≤ y) : (2 : Int) ^ y = 2 ^ (y - x) * 2 ^ x := by
    rw [← Int.pow_add]; congr 1; omega
  rcases Nat.le_total e f with le | le
  · have shape : m * 2 ^ e - k * 2 ^ f = (m - k * 2 ^ (f - e)) * 2 ^ e := by
      rw [split e f le]; grind
    have bound : (m * 2 ^ e - k * 2 ^ f).natAbs ≤ (m * 2 ^ e).natAbs := by omega
    rw [shape] at bound ⊢
    exact representable_of_le small bound
  · have shape : m * 2 ^ e - k * 2 ^ f = (m * 2 ^ (e - f) - k) * 2 ^ f := by
      rw [split f e le]; grind
    have bound : (m * 2 ^ e - k * 2 ^ f).natAbs ≤ (k * 2 ^ f).natAbs := by omega
    rw [shape] at bound ⊢
    exact representable_of_le small' bound

/-! ### Directed rounding -/

/-- The digits of a natural number after the 24th, dropped. -/
def truncate (k : Nat) : Nat :=
  k / 2 ^ (k.log2 - 23) * 2 ^ (k.log2 - 23)

/-- The rounding down of a non-negative rational, times 2^149: `n / d` in units. -/
def roundDown (n d : Nat) : Nat :=
  truncate (n / d)

theorem truncate_le (k : Nat) : truncate k ≤ k :=
  Nat.div_mul_le_self _ _

theorem representable_truncate (k : Nat) : Representable (truncate k : Int) := by
  refine ⟨((k / 2 ^ (k.log2 - 23) : Nat) : Int), k.log2 - 23, by simp [truncate], ?_⟩
  simp only [Int.natAbs_natCast]
  have top := Nat.lt_log2_self (n := k)
  have shape : 2 ^ (k.log2 + 1) ≤ 2 ^ 24 * 2 ^ (k.log2 - 23) := by
    rw [← Nat.pow_add]; exact Nat.pow_le_pow_right (by omega) (by omega)
  exact (Nat.div_lt_iff_lt_mul (Nat.two_pow_pos _)).2 (Nat.lt_of_lt_of_le top shape)

/-- No number of the format lies between the truncation and the number. -/
theorem le_truncate {k m f : Nat} (small : m < 2 ^ 24) (le : m * 2 ^ f ≤ k) :
    m * 2 ^ f ≤ truncate k := by
  unfold truncate
  rcases Nat.le_total (k.log2 - 23) f with deep | shallow
  · have shape : m * 2 ^ f = m * 2 ^ (f - (k.log2 - 23)) * 2 ^ (k.log2 - 23) := by
      rw [Nat.mul_assoc, ← Nat.pow_add]; congr 2; omega
    rw [shape] at le ⊢
    exact Nat.mul_le_mul_right _ ((Nat.le_div_iff_mul_le (Nat.two_pow_pos _)).2 le)
  · rcases Nat.eq_or_lt_of_le shallow with equal | shallow
    · rw [← equal]
      exact Nat.mul_le_mul_right _
        ((Nat.le_div_iff_mul_le (Nat.two_pow_pos _)).2 (by rw [← equal] at *; exact le))
    · -- the number is below the leading digit of `k`, which truncation keeps
      have nonzero : k ≠ 0 := by
        intro zero
        subst zero
        simp at shallow
      have leading : 2 ^ k.log2 ≤ k := Nat.log2_self_le nonzero
      have kept : 2 ^ 23 ≤ k / 2 ^ (k.log2 - 23) := by
        refine (Nat.le_div_iff_mul_le (Nat.two_pow_pos _)).2 ?_
        rw [← Nat.pow_add]
        exact Nat.le_trans (Nat.pow_le_pow_right (by omega) (by omega)) leading
      have below : m * 2 ^ f ≤ 2 ^ 24 * 2 ^ f := Nat.mul_le_mul_right _ (Nat.le_of_lt small)
      have place : 2 ^ 24 * 2 ^ f ≤ 2 ^ 23 * 2 ^ (k.log2 - 23) := by
        rw [← Nat.pow_add, ← Nat.pow_add]; exact Nat.pow_le_pow_right (by omega) (by omega)
      exact Nat.le_trans below (Nat.le_trans place (Nat.mul_le_mul_right _ kept))

/-- Truncation rounds down: of the numbers of the format at most `n / d` it is the greatest. -/
theorem truncate_roundsDown {n d m f : Nat} (positive : 0 < d) (small : m < 2 ^ 24)
    (le : m * 2 ^ f * d ≤ n) : m * 2 ^ f ≤ roundDown n d ∧ roundDown n d * d ≤ n := by
  constructor
  · exact le_truncate small ((Nat.le_div_iff_mul_le positive).2 le)
  · exact Nat.le_trans (Nat.mul_le_mul_right _ (truncate_le _)) (Nat.div_mul_le_self n d)

/-- One third, rounded down, is the pattern `3eaaaaaa`. -/
theorem roundDown_third : roundDown (2 ^ 149) 3 = magnitude 0x3eaaaaaa := by decide +kernel

end Refsem
