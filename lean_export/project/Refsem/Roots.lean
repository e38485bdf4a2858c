/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Quotients

@[expose] public section

/-!
# Square roots of the kernel are the roundings of the exact ones

A square root is any element of the ordered field that is not negative and has the right square:
there may be none among the rational numbers.

## Main statements

* `rootFrom_bounds`: bit by bit, the whole part of a root.
* `sqrt_delivered`: for finite operands that are not negative.
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

/-- What `rootFrom` finds: the whole part of the root. -/
theorem rootFrom_bounds (radicand : Nat) : ∀ bit root : Nat, root * root ≤ radicand →
    radicand < (root + 2 ^ bit) * (root + 2 ^ bit) →
    rootFrom radicand bit root * rootFrom radicand bit root ≤ radicand ∧
      radicand < (rootFrom radicand bit root + 1) * (rootFrom radicand bit root + 1)
  | 0, root, low, high => ⟨low, high⟩
  | bit + 1, root, low, high => by
    unfold rootFrom
    have double : root + 2 ^ (bit + 1) = root + 2 ^ bit + 2 ^ bit := by
      rw [Nat.pow_succ]; omega
    split
    · next fits =>
      exact rootFrom_bounds radicand bit _ fits (by rw [← double]; exact high)
    · exact rootFrom_bounds radicand bit root low (by omega)

theorem square_le {a b : α} (nonneg : 0 ≤ b) (le : a * a ≤ b * b) : a ≤ b := by
  by_cases h : a ≤ b
  · exact h
  · have less : b < a := by grind
    have h₁ := OrderedRing.mul_le_mul_of_nonneg_left (Std.le_of_lt less) nonneg
    have h₂ := OrderedRing.mul_lt_mul_of_pos_right less (show 0 < a by grind)
    grind

theorem square_lt {a b : α} (nonneg : 0 ≤ b) (lt : a * a < b * b) : a < b := by
  have le := square_le nonneg (show a * a ≤ b * b by grind)
  by_cases h : a = b
  · rw [h] at lt
    grind
  · grind

theorem square_mono {a b : α} (nonneg : 0 ≤ a) (le : a ≤ b) : a * a ≤ b * b := by
  have h₁ := OrderedRing.mul_le_mul_of_nonneg_left le nonneg
  have h₂ := OrderedRing.mul_le_mul_of_nonneg_right le (show 0 ≤ b by grind)
  grind

theorem cast_square (c u : Int) :
    ((c * u : Int) : α) * ((c * u : Int) : α) = ((c * c * (u * u) : Int) : α) := by
  rw [← cast_mul]
  congr 1
  grind

theorem stands_root {radicand root : Nat} {u : Int} {w : α} (unit_pos : 0 < u)
    (nonneg : 0 ≤ w) (equal : w * w = (((radicand : Int) * (u * u) : Int) : α))
    (low : root * root ≤ radicand) (high : radicand < (root + 1) * (root + 1)) :
    Stands 2 u (sticky root (radicand - root * root)) w := by
  have squares : (0 : Int) < u * u := Int.mul_pos unit_pos unit_pos
  have scaled_le {a b : Int} (le : a ≤ b) : ((a * u : Int) : α) ≤ ((b * u : Int) : α) :=
    cast_le (Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt unit_pos))
  have scaled_nonneg {a : Int} (le : 0 ≤ a) : (0 : α) ≤ ((a * u : Int) : α) :=
    cast_nonneg (Int.mul_nonneg le (Int.le_of_lt unit_pos))
  have low' : ((root : Int)) * root ≤ radicand := by
    rw [← Int.natCast_mul]; omega
  have high' : (radicand : Int) < (root + 1) * (root + 1) := by
    have : ((root : Int) + 1) * (root + 1) = (((root + 1) * (root + 1) : Nat) : Int) := by
      rw [Int.natCast_mul, Int.natCast_add]; rfl
    rw [this]; omega
  have above_root : (((root : Int) * u : Int) : α) ≤ w := by
    refine square_le nonneg ?_
    rw [cast_square, equal]
    exact cast_le (Int.mul_le_mul_of_nonneg_right low' (Int.le_of_lt squares))
  have below_next : w < ((((root : Int) + 1) * u : Int) : α) := by
    refine square_lt (scaled_nonneg (by omega)) ?_
    rw [cast_square, equal]
    exact cast_lt_iff.2 (Int.mul_lt_mul_of_pos_right high' squares)
  refine stands_sticky (fun c => ?_) (fun nothing c => ?_) (fun left c => ?_)
  · constructor
    · intro le
      exact le_trans (scaled_le le) above_root
    · intro le
      by_cases h : c ≤ root
      · exact h
      · have := scaled_le (show (root : Int) + 1 ≤ c by omega)
        grind
  · have exact_ : (radicand : Int) = root * root := by
      rw [← Int.natCast_mul]; omega
    have same : w = (((root : Int) * u : Int) : α) := by
      refine le_antisymm (square_le (scaled_nonneg (by omega)) ?_) above_root
      rw [cast_square, equal, exact_]
      exact le_refl _
    rw [same, cast_le_iff]
    exact ⟨fun le => Int.mul_le_mul_of_nonneg_right le (Int.le_of_lt unit_pos),
      fun le => Int.le_of_mul_le_mul_right le unit_pos⟩
  · constructor
    · intro less
      have := scaled_le (show (root : Int) + 1 ≤ c by omega)
      grind
    · intro le
      by_cases h : (root : Int) < c
      · exact h
      · have upper := le_trans le (scaled_le (show c ≤ (root : Int) by omega))
        have squared := square_mono nonneg upper
        rw [equal, cast_square, cast_le_iff] at squared
        have := Int.le_of_mul_le_mul_right squared squares
        rw [← Int.natCast_mul] at this
        omega

variable [Max α] [LawfulOrderMax α]

theorem sqrtFinite_delivered (mode : Mode) {x : Nat} {y : α} (finite : IsFinite x)
    (positive : magnitudeOf x ≠ 0) (sign : isNegative x = false) (nonneg : 0 ≤ y)
    (square : y * y = number x) : Delivered mode y (sqrtFinite mode x) := by
  have same : magnitudeOf x = x := by
    unfold isNegative at sign
    unfold magnitudeOf
    simp only [decide_eq_false_iff_not] at sign
    omega
  rw [same] at positive
  have place := placeOf_ge x
  have full := fullOf_bounds (Nat.pos_of_ne_zero positive)
  have units : (2 : Int) ^ 661 = (unit : Int) * 2 ^ 512 := by
    have : (unit : Int) = 2 ^ 149 := cast_power 149
    rw [this]
    exact power_split rfl
  simp only [sqrtFinite]
  have parity : placeOf x % 2 + 1 ≤ 2 ∧ 1 ≤ placeOf x % 2 + 1 ∧
      (placeOf x - (placeOf x % 2 + 1)) % 2 = 1 := by omega
  generalize placeOf x % 2 + 1 = room at *
  have exponents : room + 28 + ((placeOf x + 633 - room) / 2 + (placeOf x + 633 - room) / 2) =
      placeOf x + 661 := by omega
  generalize (placeOf x + 633 - room) / 2 = p at *
  have powers : room = 1 ∨ room = 2 := by omega
  have least : 2 ^ 52 ≤ fullOf x * 2 ^ room * 2 ^ 28 := by
    rcases powers with h | h <;> rw [h] <;> omega
  have most : fullOf x * 2 ^ room * 2 ^ 28 < 2 ^ 54 := by
    rcases powers with h | h <;> rw [h] <;> omega
  have radicand : ((fullOf x * 2 ^ room * 2 ^ 28 : Nat) : Int) * (2 ^ p * 2 ^ p) =
      grid x * 2 ^ 512 * ((unit : Int) * 2 ^ 512) := by
    rw [← units, Int.natCast_mul, Int.natCast_mul, cast_power, cast_power, Int.mul_assoc,
      Int.mul_assoc, ← Int.pow_add, ← Int.pow_add, ← Int.pow_add, ← Nat.add_assoc, exponents,
      Int.pow_add, ← Int.mul_assoc]
    have := full_place x
    rw [← cast_power, ← Int.natCast_mul, this, Int.natCast_mul, cast_power]
  generalize fullOf x * 2 ^ room * 2 ^ 28 = r at *
  obtain ⟨low, high⟩ := rootFrom_bounds r 27 0 (by omega) (by omega)
  generalize rootFrom r 27 0 = root at *
  have root_least : 2 ^ 26 ≤ root := by
    by_cases h : 2 ^ 26 ≤ root
    · exact h
    · have := Nat.mul_le_mul (show root + 1 ≤ 2 ^ 26 by omega) (show root + 1 ≤ 2 ^ 26 by omega)
      omega
  have root_most : root < 2 ^ 27 := by
    by_cases h : root < 2 ^ 27
    · exact h
    · have := Nat.mul_le_mul (show 2 ^ 27 ≤ root by omega) (show 2 ^ 27 ≤ root by omega)
      omega
  have bounds := sticky_bounds root (r - root * root)
  have scaled : (0 : α) ≤ y * ((unit : Int) : α) * ((2 ^ 512 : Int) : α) :=
    OrderedRing.mul_nonneg (OrderedRing.mul_nonneg nonneg (Std.le_of_lt unit_positive))
      (Std.le_of_lt (cast_positive (power_positive 512)))
  have stands := stands_root (u := 2 ^ p) (power_positive p) scaled (by
    rw [radicand, cast_mul, cast_mul, cast_mul]
    rw [number_eq finite, sign, same] at square
    have e := real_mul_unit (α := α) (grid x)
    change y * y = real (grid x) at square
    rw [← square] at e
    rw [← e]
    grind) low high
  exact deliver_delivered (negative := false) (Or.inr ⟨by omega, stands⟩) (by omega) (by omega)
    (by omega)

/-- The square root of a finite pattern that is not negative is the rounding of the exact one. -/
theorem sqrt_delivered (mode : Mode) {x : Nat} {y : α} (finite : IsFinite x)
    (sign : isNegative x = false) (nonneg : 0 ≤ y) (square : y * y = number x) :
    Delivered mode y (sqrt mode x) := by
  obtain ⟨x₁, x₂⟩ := not_special finite
  unfold sqrt
  by_cases zero : magnitudeOf x = 0
  · rw [if_pos zero]
    have nothing : grid 0 = 0 := by decide
    rw [number_eq finite, zero, nothing, sign] at square
    change y * y = real 0 at square
    rw [real_zero] at square
    have le := square_le (show (0 : α) ≤ 0 from le_refl _) (show y * y ≤ 0 * 0 by grind)
    have none : y = 0 := le_antisymm le nonneg
    have pattern : x = 0 := by
      unfold isNegative at sign
      unfold magnitudeOf at zero
      simp only [decide_eq_false_iff_not] at sign
      omega
    rw [none, pattern]
    exact zero_delivered mode false
  · rw [if_neg zero]
    simp only [x₁, x₂, sign, Bool.or_self, Bool.false_eq_true, if_false]
    exact sqrtFinite_delivered mode finite zero sign nonneg square

end Refsem.Kernel
