/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Standard

@[expose] public section

/-!
# Sums of many patterns, in any order

## Main statements

* `add_relative_error`: to nearest a finite sum is off by at most 2^-24 of the exact one, however
  small, for tiny sums are exact.
* `reduction_error`: the error of a sum of patterns that the kernel forms in the order of a tree.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

/-- What the kernel computes for a sum in the order of a tree. -/
def reduced (mode : Mode) : Tree Nat → Nat
  | .leaf bits => bits
  | .node left right => add mode (reduced mode left) (reduced mode right)

/-- Whether every term and every partial sum is finite. -/
def AllFinite (mode : Mode) : Tree Nat → Prop
  | .leaf bits => IsFinite bits
  | .node left right => AllFinite mode left ∧ AllFinite mode right ∧
      IsFinite (add mode (reduced mode left) (reduced mode right))

theorem reduced_finite {mode : Mode} : ∀ {t : Tree Nat}, AllFinite mode t →
    IsFinite (reduced mode t)
  | .leaf _, finite => finite
  | .node _ _, finite => finite.2.2

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]
  [Max α] [LawfulOrderMax α]

/-- The terms of a sum as numbers. -/
noncomputable def numbers : Tree Nat → Tree α
  | .leaf bits => .leaf (number bits)
  | .node left right => .node (numbers left) (numbers right)

theorem numbers_depth : ∀ t : Tree Nat, Tree.depth (numbers t : Tree α) = Tree.depth t
  | .leaf _ => rfl
  | .node left right => by
    simp only [numbers, Tree.depth, numbers_depth left, numbers_depth right]

/-- To nearest, a finite sum has a relative error of at most 2^-24. -/
theorem add_relative_error {mode : Mode} (nearest : mode = .nearestEven ∨ mode = .nearestAway)
    {x y : Nat} (finite_x : IsFinite x) (finite_y : IsFinite y)
    (finite : IsFinite (add mode x y)) :
    abs (number (add mode x y) - (number x + number y : α)) * ((2 ^ 24 : Int) : α) ≤
      abs (number x + number y) := by
  have delivered := add_delivered (α := α) mode finite_x finite_y
  have total : (number x + number y : α) = real (value x + value y) := by
    rw [real_add]; rfl
  rw [total] at delivered ⊢
  generalize value x + value y = n at *
  by_cases tiny : n.natAbs < 2 ^ 23
  · -- tiny sums are exact
    have small : n.natAbs < limit := by
      have : grid (2 ^ 23) < limit := grid_lt_limit.2 (by decide)
      have : grid (2 ^ 23) = 2 ^ 23 := by decide +kernel
      omega
    have exact_ := delivered_exact (representable_of_small (by omega)) small delivered
    have none : (number (add mode x y) : α) - real n = 0 := by
      unfold number
      rw [exact_.2]
      grind
    have := abs_nonneg (real n : α)
    have := abs_cases ((number (add mode x y) : α) - real n)
    rw [none] at *
    grind
  · refine delivered_relative_error nearest delivered finite ?_
    have := abs_cases (real n : α)
    rcases Int.lt_or_le n 0 with negative | positive
    · have large : (real (2 ^ 23) : α) ≤ real (-n) := real_le_iff.2 (by omega)
      have zero := real_lt_iff (α := α).2 negative
      rw [real_zero] at zero
      rw [real_neg] at large
      grind
    · have large : (real (2 ^ 23) : α) ≤ real n := real_le_iff.2 (by omega)
      have zero := real_le_iff (α := α).2 positive
      rw [real_zero] at zero
      grind

/-- The kernel's sum is a computed value in the sense of `Tree.Computes`. -/
theorem reduced_computes {mode : Mode} (nearest : mode = .nearestEven ∨ mode = .nearestAway) :
    ∀ {t : Tree Nat}, AllFinite mode t →
      Tree.Computes (1 / ((2 ^ 24 : Int) : α)) (numbers t) (number (reduced mode t))
  | .leaf _, _ => rfl
  | .node left right, finite => by
    refine ⟨_, _, reduced_computes nearest finite.1, reduced_computes nearest finite.2.1, ?_⟩
    have bound := add_relative_error (α := α) nearest (reduced_finite finite.1)
      (reduced_finite finite.2.1) finite.2.2
    have positive : (0 : α) < ((2 ^ 24 : Int) : α) := by
      rw [← cast_zero]; exact cast_lt_iff.2 (by decide)
    rw [← mul_le_iff positive]
    change abs (number (add mode (reduced mode left) (reduced mode right)) -
      (number (reduced mode left) + number (reduced mode right))) * ((2 ^ 24 : Int) : α) ≤ _
    generalize ((2 ^ 24 : Int) : α) = c at *
    generalize abs (number (reduced mode left) + number (reduced mode right) : α) = s at *
    have nonzero : c ≠ 0 := by grind
    have same : 1 / c * s * c = s := by grind
    rw [same]
    exact bound

/-- The error of a sum that the kernel forms in any order, if no partial sum overflows: at most
`(1 + 2^-24) ^ depth - 1` times the sum of absolute values. -/
theorem reduction_error {mode : Mode} (nearest : mode = .nearestEven ∨ mode = .nearestAway)
    {t : Tree Nat} (finite : AllFinite mode t) :
    abs (number (reduced mode t) - Tree.sum (numbers t) : α) ≤
      (Refsem.growth (1 / ((2 ^ 24 : Int) : α)) (Tree.depth t) - 1) * Tree.size (numbers t) := by
  have positive : (0 : α) < ((2 ^ 24 : Int) : α) := by
    rw [← cast_zero]; exact cast_lt_iff.2 (by decide)
  have nonneg : (0 : α) ≤ 1 / ((2 ^ 24 : Int) : α) := by
    rw [← mul_le_iff positive]
    generalize ((2 ^ 24 : Int) : α) = c at *
    have nonzero : c ≠ 0 := by grind
    have := OrderedRing.zero_lt_one (R := α)
    grind
  exact Tree.error nonneg (numbers t) (Tree.depth t) _
    (by rw [numbers_depth]; exact Nat.le_refl _) (reduced_computes nearest finite)

end Refsem.Kernel
