/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Arithmetic

@[expose] public section

/-!
# What follows for the results of the kernel

## Main statements

* `rounds_unique`: there is one rounding in each mode.
* `delivered_bracket`: rounded down and up, finite results enclose the exact one.
* `sub_exact`: Sterbenz: a difference of numbers neither more than twice the other is exact.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

/-- Between two different even numbers of the format there is another number. -/
theorem exists_between {m n : Int} (even_m : RepresentableEven m) (even_n : RepresentableEven n)
    (less : m < n) : ∃ k, Representable k ∧ m < k ∧ k < n := by
  obtain ⟨a, e, rfl, small_a⟩ := even_m
  obtain ⟨b, f, rfl, small_b⟩ := even_n
  have scaled {c d p q : Int} (positive : 0 < p) (less : c * q < d * q) (equal : q = p * 2) :
      c * 2 * p + p ≤ d * 2 * p - p := by
    have cd : c < d := by
      by_cases h : c < d
      · exact h
      · have := Int.mul_le_mul_of_nonneg_right (show d ≤ c by omega) (show 0 ≤ q by omega)
        omega
    have := Int.mul_le_mul_of_nonneg_right (show c + 1 ≤ d by omega) (Int.le_of_lt positive)
    grind
  have powers {i j : Nat} (le : i ≤ j) : (2 : Int) ^ (j + 1) = 2 ^ (j - i) * (2 ^ i * 2) := by
    rw [← Int.pow_succ, ← Int.pow_add]
    congr 1
    omega
  rcases Nat.le_total e f with le | le
  · have positive := power_positive e
    have main := scaled (c := a) (d := b * 2 ^ (f - e)) (q := 2 ^ (e + 1)) positive (by
      rw [Int.mul_assoc, Int.pow_succ 2 e, ← powers le, ← Int.pow_succ]
      exact less) (Int.pow_succ 2 e)
    refine ⟨(2 * a + 1) * 2 ^ e, ⟨_, _, rfl, by omega⟩, ?_, ?_⟩
    · rw [Int.pow_succ]
      grind
    · rw [powers le]
      grind
  · have positive := power_positive f
    have main := scaled (c := a * 2 ^ (e - f)) (d := b) (q := 2 ^ (f + 1)) positive (by
      rw [Int.mul_assoc, Int.pow_succ 2 f, ← powers le, ← Int.pow_succ]
      exact less) (Int.pow_succ 2 f)
    refine ⟨(2 * b - 1) * 2 ^ f, ⟨_, _, rfl, by omega⟩, ?_, ?_⟩
    · rw [powers le]
      grind
    · rw [Int.pow_succ]
      grind

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]
  [Max α] [LawfulOrderMax α]

theorem real_lt_iff {m n : Int} : (real m : α) < real n ↔ m < n := by
  have := real_le_iff (α := α) (m := n) (n := m)
  constructor
  · intro lt
    by_cases le : n ≤ m
    · have := this.2 le
      grind
    · omega
  · intro lt
    by_cases le : (real n : α) ≤ real m
    · have := this.1 le
      omega
    · grind

theorem nearest_even_unique {x r s : α} (near_r : RoundsNearest Format x r)
    (near_s : RoundsNearest Format x s) (even_r : EvenFormat r) (even_s : EvenFormat s) :
    ¬ r < s := by
  intro less
  obtain ⟨m, even_m, rfl⟩ := even_r
  obtain ⟨n, even_n, rfl⟩ := even_s
  obtain ⟨k, member, above, below⟩ := exists_between even_m even_n (real_lt_iff.1 less)
  have above := real_lt_iff (α := α).2 above
  have below := real_lt_iff (α := α).2 below
  have h₁ := near_r.2 (real k) ⟨k, member, rfl⟩
  have h₂ := near_s.2 (real k) ⟨k, member, rfl⟩
  have := abs_cases (x - real m)
  have := abs_cases (x - real n)
  have := abs_cases (x - real k)
  grind

theorem format_zero : Format (0 : α) :=
  ⟨0, representable_of_small (by decide), real_zero.symm⟩

theorem eq_or_neg_of_abs {a b : α} (h : abs a = abs b) : a = b ∨ a = -b := by
  rcases abs_cases a with ⟨first, _⟩ | ⟨first, _⟩ <;>
    rcases abs_cases b with ⟨second, _⟩ | ⟨second, _⟩ <;> rw [first, second] at h <;> grind

/-- In each mode a number has at most one rounding. -/
theorem rounds_unique {mode : Mode} {x r s : α} (h : Rounds Format EvenFormat mode x r)
    (h' : Rounds Format EvenFormat mode x s) : r = s := by
  match mode with
  | .nearestEven =>
    rcases h.2 with even_r | only
    · rcases h'.2 with even_s | only
      · have h₁ := nearest_even_unique h.1 h'.1 even_r even_s
        have h₂ := nearest_even_unique h'.1 h.1 even_s even_r
        grind
      · exact only r h.1
    · exact (only s h'.1).symm
  | .nearestAway =>
    have near := le_antisymm (h.1.2 s h'.1.1) (h'.1.2 r h.1.1)
    rcases eq_or_neg_of_abs (le_antisymm (h'.2 r h.1) (h.2 s h'.1)) with same | opposite
    · exact same
    · rcases eq_or_neg_of_abs near with same | mirrored
      · grind
      · have zero : x = 0 := by grind
        have small := h.1.2 0 format_zero
        have := abs_cases (x - r)
        have := abs_cases (x - 0)
        grind
  | .up => exact roundsUp_unique h h'
  | .down => exact roundsDown_unique h h'
  | .zero =>
    rcases le_total (a := 0) (b := x) with sign | sign
    · exact roundsDown_unique (h.1 sign) (h'.1 sign)
    · exact roundsUp_unique (h.2 sign) (h'.2 sign)

theorem value_natAbs {bits : Nat} (finite : IsFinite bits) : (value bits).natAbs < limit := by
  rw [value_eq finite.1, natAbs_integer]
  exact grid_lt_limit.2 finite.2

/-- A finite result rounded down is at most the exact one. -/
theorem delivered_down {x : α} {bits : Nat} (h : Delivered .down x bits)
    (finite : IsFinite bits) : number bits ≤ x := by
  obtain ⟨n, rounds, small, large, negative, positive⟩ := h
  by_cases below : n.natAbs < limit
  · unfold number
    rw [(small below).2]
    exact rounds.2.1
  · have capped := large (by omega)
    have bound := value_natAbs finite
    have sign : isNegative bits = false := by
      cases h : isNegative bits with
      | false => rfl
      | true =>
        have := finite.2
        rw [capped, h] at this
        exact absurd this (by decide)
    have nonneg : 0 ≤ x := by
      by_cases less : x < 0
      · have := negative less
        simp [sign] at this
      · grind
    have zero := rounds.2.2 0 format_zero nonneg
    rw [← real_zero, real_le_iff] at zero
    have le : value bits ≤ n := by omega
    exact le_trans (real_le_iff.2 le) rounds.2.1

/-- A finite result rounded up is at least the exact one. -/
theorem delivered_up {x : α} {bits : Nat} (h : Delivered .up x bits)
    (finite : IsFinite bits) : x ≤ number bits := by
  obtain ⟨n, rounds, small, large, negative, positive⟩ := h
  by_cases below : n.natAbs < limit
  · unfold number
    rw [(small below).2]
    exact rounds.2.1
  · have capped := large (by omega)
    have bound := value_natAbs finite
    have sign : isNegative bits = true := by
      cases h : isNegative bits with
      | true => rfl
      | false =>
        have := finite.2
        rw [capped, h] at this
        exact absurd this (by decide)
    have nonpos : x ≤ 0 := by
      by_cases less : 0 < x
      · have := positive less
        simp [sign] at this
      · grind
    have zero := rounds.2.2 0 format_zero nonpos
    rw [← real_zero, real_le_iff] at zero
    have le : n ≤ value bits := by omega
    exact le_trans rounds.2.1 (real_le_iff.2 le)

/-- Rounded down and rounded up, finite results enclose the exact one, whatever the operation. -/
theorem delivered_bracket {x : α} {lower upper : Nat} (down : Delivered .down x lower)
    (up : Delivered .up x upper) (finite_lower : IsFinite lower) (finite_upper : IsFinite upper) :
    number lower ≤ x ∧ x ≤ number upper :=
  ⟨delivered_down down finite_lower, delivered_up up finite_upper⟩

/-- Sterbenz: the difference of two numbers, neither more than twice the other, is exact. -/
theorem sub_exact (mode : Mode) {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y)
    (le₁ : value x ≤ 2 * value y) (le₂ : value y ≤ 2 * value x) :
    IsFinite (sub mode x y) ∧ value (sub mode x y) = value x - value y := by
  have delivered := sub_delivered (α := Rat) mode finite_x finite_y
  have difference : (number x - number y : Rat) = real (value x - value y) := by
    unfold number
    rw [Int.sub_eq_add_neg, real_add, real_neg]
    grind
  rw [difference] at delivered
  have bound_x := value_natAbs finite_x
  have bound_y := value_natAbs finite_y
  exact delivered_exact (representable_sub (representable_value x) (representable_value y) le₁ le₂)
    (by omega) delivered

end Refsem.Kernel
