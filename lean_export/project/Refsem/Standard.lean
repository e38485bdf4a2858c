/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Consequences

@[expose] public section

/-!
# The standard model of binary32

To nearest, from 2^-126 on and below overflow, what is delivered is off by at most 2^-24 of the
exact result.

## Main statements

* `delivered_relative_error`: whatever the operation.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]
  [Max α] [LawfulOrderMax α]

theorem real_mul (m n : Int) : (real (m * n) : α) = (m : α) * real n := by
  unfold real
  rw [cast_mul]
  have := unit_positive (α := α)
  generalize ((unit : Int) : α) = e at *
  have : e ≠ 0 := by grind
  grind

/-- A number nearer than another is off by at most half their distance. -/
theorem half_above {x n p : α} (positive : 0 < p)
    (near : abs (x - n) ≤ abs (x - (n + p))) : (x - n) + (x - n) ≤ p := by
  have := abs_cases (x - n)
  have := abs_cases (x - (n + p))
  grind

theorem half_below {x n p : α} (positive : 0 < p)
    (near : abs (x - n) ≤ abs (x - (n - p))) : (n - x) + (n - x) ≤ p := by
  have := abs_cases (x - n)
  have := abs_cases (x - (n - p))
  grind

theorem scaled_error {x d p k : α} (nonneg : 0 ≤ k) (half : d + d ≤ p) (enough : k * p ≤ x) :
    d * (k + k) ≤ x := by
  have := OrderedRing.mul_le_mul_of_nonneg_left half nonneg
  grind

/-- The magnitude of a normal number: a full significand. -/
theorem normal_shape {n : Int} (member : Representable n) (normal : 2 ^ 23 ≤ n) :
    ∃ a e : Nat, n = (a : Int) * 2 ^ e ∧ 2 ^ 23 ≤ a ∧ a < 2 ^ 24 := by
  obtain ⟨m, f, equal, small⟩ := member
  obtain ⟨q, place⟩ := exists_grid f m.natAbs small
  have size : n.natAbs = m.natAbs * 2 ^ f := by
    rw [equal, Int.natAbs_mul, Int.natAbs_pow]; rfl
  obtain ⟨a, e, rfl, below, shape⟩ := grid_shape q
  rw [grid_at (by omega) shape] at place
  have same : n = ((a * 2 ^ e : Nat) : Int) := by omega
  refine ⟨a, e, by rw [same, Int.natCast_mul, cast_power], ?_, below⟩
  rcases shape with zero | full
  · rw [zero] at same
    omega
  · exact full

theorem relative_error {x : α} {n : Int} (member : Representable n)
    (near : RoundsNearest Format x (real n)) (normal : real (2 ^ 23) ≤ x) :
    abs (real n - x) * ((2 ^ 24 : Int) : α) ≤ x := by
  have least := near.2 (real (2 ^ 23)) ⟨2 ^ 23, ⟨1, 23, rfl, by decide⟩, rfl⟩
  have n_normal : 2 ^ 23 ≤ n := by
    rw [← real_le_iff (α := α)]
    have := abs_cases (x - real n)
    have := abs_cases (x - real (2 ^ 23))
    grind
  obtain ⟨a, e, rfl, low, high⟩ := normal_shape member n_normal
  have double : ((2 ^ 24 : Int) : α) = ((2 ^ 23 : Int) : α) + ((2 ^ 23 : Int) : α) := by
    rw [← cast_add]; rfl
  have factor : (0 : α) ≤ ((2 ^ 23 : Int) : α) := cast_nonneg (by decide)
  have power := power_positive e
  have step : (0 : α) < real (2 ^ e) := by
    rw [← real_zero]; exact real_lt_iff.2 power
  have error := abs_cases (real ((a : Int) * 2 ^ e) - x)
  rw [double]
  rcases le_total (a := real ((a : Int) * 2 ^ e)) (b := x) with le | le
  · -- the number above is no nearer
    have above : Representable (((a : Int) + 1) * 2 ^ e) := by
      have := representable_grid (e * 2 ^ 23 + (a + 1))
      rwa [grid_at (by omega) (Or.inr (by omega)), Int.natCast_mul, cast_power] at this
    have nearer := near.2 _ ⟨_, above, rfl⟩
    rw [show ((a : Int) + 1) * 2 ^ e = (a : Int) * 2 ^ e + 2 ^ e by grind, real_add] at nearer
    have half := half_above step nearer
    have enough : ((2 ^ 23 : Int) : α) * real (2 ^ e) ≤ real ((a : Int) * 2 ^ e) := by
      rw [← real_mul, real_le_iff]
      exact Int.mul_le_mul_of_nonneg_right (by omega) (Int.le_of_lt power)
    have main := scaled_error factor half (le_trans enough le)
    rw [show abs (real ((a : Int) * 2 ^ e) - x) = x - real ((a : Int) * 2 ^ e) by grind]
    exact main
  · rw [show abs (real ((a : Int) * 2 ^ e) - x) = real ((a : Int) * 2 ^ e) - x by grind]
    by_cases power_of_two : a = 2 ^ 23
    · subst power_of_two
      match e with
      | 0 =>
        -- then it is the least normal number, and not above the exact result
        rw [show ((2 ^ 23 : Nat) : Int) * 2 ^ 0 = 2 ^ 23 from rfl] at *
        rw [show (real (2 ^ 23) : α) - x = 0 by grind]
        have : (0 : α) ≤ real (2 ^ 23) := by
          rw [← real_zero, real_le_iff]; decide
        grind
      | e + 1 =>
        -- below, numbers are twice as dense
        have power := power_positive e
        have step : (0 : α) < real (2 ^ e) := by
          rw [← real_zero]; exact real_lt_iff.2 power
        have below : Representable ((2 ^ 24 - 1) * 2 ^ e) := ⟨2 ^ 24 - 1, e, rfl, by decide⟩
        have shape : ((2 ^ 23 : Nat) : Int) * 2 ^ (e + 1) = 2 ^ 24 * 2 ^ e := by
          rw [Int.pow_succ, show ((2 ^ 23 : Nat) : Int) = 2 ^ 23 from rfl]
          omega
        rw [shape] at near le ⊢
        have nearer := near.2 _ ⟨_, below, rfl⟩
        rw [show (2 ^ 24 - 1 : Int) * 2 ^ e = 2 ^ 24 * 2 ^ e + -(2 ^ e) by omega, real_add,
          real_neg, show (real (2 ^ 24 * 2 ^ e) + -real (2 ^ e) : α) =
            real (2 ^ 24 * 2 ^ e) - real (2 ^ e) by grind] at nearer
        have half := half_below step nearer
        refine scaled_error factor half ?_
        have whole : (real (2 ^ 24 * 2 ^ e) : α) =
            ((2 ^ 23 : Int) : α) * real (2 ^ e) + ((2 ^ 23 : Int) : α) * real (2 ^ e) := by
          rw [← real_mul, ← real_add]; congr 1; omega
        have enough : (real (2 ^ e) : α) ≤ ((2 ^ 23 : Int) : α) * real (2 ^ e) := by
          rw [← real_mul, real_le_iff]; omega
        grind
    · have below : Representable (((a : Int) - 1) * 2 ^ e) := ⟨_, _, rfl, by omega⟩
      have nearer := near.2 _ ⟨_, below, rfl⟩
      rw [show ((a : Int) - 1) * 2 ^ e = (a : Int) * 2 ^ e + -(2 ^ e) by grind, real_add, real_neg,
        show (real ((a : Int) * 2 ^ e) + -real (2 ^ e) : α) =
          real ((a : Int) * 2 ^ e) - real (2 ^ e) by grind] at nearer
      have half := half_below step nearer
      refine scaled_error factor half ?_
      have enough :
          ((2 ^ 23 : Int) : α) * real (2 ^ e) + real (2 ^ e) ≤ real ((a : Int) * 2 ^ e) := by
        rw [← real_mul, ← real_add, real_le_iff]
        have := Int.mul_le_mul_of_nonneg_right (show (2 ^ 23 + 1 : Int) ≤ a by omega)
          (Int.le_of_lt power)
        grind
      grind

theorem representable_of_real {n : Int} (member : Format (real n : α)) : Representable n := by
  obtain ⟨m, small, equal⟩ := member
  have h₁ := real_le_iff (α := α) (m := m) (n := n)
  have h₂ := real_le_iff (α := α) (m := n) (n := m)
  rw [equal] at h₁ h₂
  have := h₁.1 (le_refl _)
  have := h₂.1 (le_refl _)
  rwa [show n = m by omega]

/-- To nearest a finite result has a relative error of at most 2^-24, if the exact one is at least
2^-126, that is 2^23 units. -/
theorem delivered_relative_error {mode : Mode} {x : α} {bits : Nat}
    (nearest : mode = .nearestEven ∨ mode = .nearestAway) (h : Delivered mode x bits)
    (finite : IsFinite bits) (normal : real (2 ^ 23) ≤ abs x) :
    abs (number bits - x) * ((2 ^ 24 : Int) : α) ≤ abs x := by
  obtain ⟨n, rounds, small, large, _⟩ := h
  have near : RoundsNearest Format x (real n) := by
    rcases nearest with rfl | rfl <;> exact rounds.1
  have below : n.natAbs < limit := by
    by_cases le : n.natAbs < limit
    · exact le
    · have capped := large (by omega)
      have := finite.2
      rw [capped] at this
      rcases nearest with rfl | rfl <;> exact absurd this (by simp [overflowed])
  unfold number
  rw [(small below).2]
  rcases abs_cases x with ⟨same, sign⟩ | ⟨same, sign⟩
  · rw [same] at normal ⊢
    exact relative_error (representable_of_real near.1) near normal
  · rw [same] at normal ⊢
    have mirror := roundsNearest_neg format_neg near
    rw [← real_neg] at mirror
    have main := relative_error (representable_of_real mirror.1) mirror normal
    rw [real_neg, show -(real n : α) - -x = -(real n - x) by grind, abs_neg] at main
    exact main

end Refsem.Kernel
