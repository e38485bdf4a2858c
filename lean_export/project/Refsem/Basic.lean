/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project.
-/
module

@[expose] public section

/-!
# Ordered fields with minimum and maximum

The prelude of every exported theorem: absolute value and selection, what `max`, `min`, `abs` and
`select` are in each case, and how inequalities behave under multiplication. Core Lean only.

Theorems are stated over any type with the classes of an ordered field of `Lean.Grind`, and lawful
`Min` and `Max`. The rational numbers are one such type; the missing instances for them are here.

## Main statements

* `order_cases`: of two elements one is the minimum and the other the maximum.
* `mul_between`: the multiples of `a ≤ p ≤ b` are in order or in reverse order.
* `le_of_mul_le_mul`: a positive factor may be cancelled.
-/

open Lean.Grind Std

namespace Refsem

universe u

variable {α : Type u}

/-- The absolute value, `max a (-a)`. -/
def abs [Max α] [Neg α] (a : α) : α :=
  max a (-a)

open Classical in
/-- The element `x` where `a ≤ b`, else `y`. -/
noncomputable def select [LE α] (a b x y : α) : α :=
  if a ≤ b then x else y

/-- A selection is an `if`, whichever procedure decides its condition. -/
theorem select_eq [LE α] (a b x y : α) [Decidable (a ≤ b)] :
    select a b x y = if a ≤ b then x else y := by
  unfold select
  split <;> rfl

section Cases

variable [LE α] [IsLinearOrder α]

theorem max_cases [Max α] [LawfulOrderMax α] (a b : α) :
    (max a b = a ∧ b ≤ a) ∨ (max a b = b ∧ a ≤ b) := by
  have value := MaxEqOr.max_eq_or a b
  have bound := (LawfulOrderSup.max_le_iff a b (max a b)).1 (le_refl _)
  rcases value with value | value <;> rw [value] at bound
  · exact Or.inl ⟨value, bound.2⟩
  · exact Or.inr ⟨value, bound.1⟩

theorem min_cases [Min α] [LawfulOrderMin α] (a b : α) :
    (min a b = a ∧ a ≤ b) ∨ (min a b = b ∧ b ≤ a) := by
  have value := MinEqOr.min_eq_or a b
  have bound := (LawfulOrderInf.le_min_iff (min a b) a b).1 (le_refl _)
  rcases value with value | value <;> rw [value] at bound
  · exact Or.inl ⟨value, bound.2⟩
  · exact Or.inr ⟨value, bound.1⟩

/-- Of two elements one is the minimum and the other the maximum. -/
theorem order_cases [Min α] [Max α] [LawfulOrderMin α] [LawfulOrderMax α] (a b : α) :
    (a ≤ b ∧ max a b = b ∧ min a b = a) ∨ (b ≤ a ∧ max a b = a ∧ min a b = b) := by
  have antisymm {x y : α} (h₁ : x ≤ y) (h₂ : y ≤ x) : x = y := le_antisymm h₁ h₂
  rcases le_total (a := a) (b := b) with h | h
  · refine Or.inl ⟨h, ?_, ?_⟩
    · rcases max_cases a b with ⟨e, h'⟩ | ⟨e, _⟩
      · exact e.trans (antisymm h h')
      · exact e
    · rcases min_cases a b with ⟨e, _⟩ | ⟨e, h'⟩
      · exact e
      · exact e.trans (antisymm h' h)
  · refine Or.inr ⟨h, ?_, ?_⟩
    · rcases max_cases a b with ⟨e, _⟩ | ⟨e, h'⟩
      · exact e
      · exact e.trans (antisymm h h')
    · rcases min_cases a b with ⟨e, h'⟩ | ⟨e, _⟩
      · exact e.trans (antisymm h' h)
      · exact e

theorem select_cases [LT α] [LawfulOrderLT α] (a b x y : α) :
    (select a b x y = x ∧ a ≤ b) ∨ (select a b x y = y ∧ b < a) := by
  unfold select
  split <;> grind

end Cases

section OrderedField

variable [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem abs_cases [Max α] [LawfulOrderMax α] (a : α) :
    (abs a = a ∧ 0 ≤ a) ∨ (abs a = -a ∧ a ≤ 0) := by
  unfold abs
  have := max_cases a (-a)
  grind

/-- The multiples of `a ≤ p ≤ b` are in order or in reverse order, with the sign of the factor. -/
theorem mul_between (m : α) {a p b : α} (below : a ≤ p) (above : p ≤ b) :
    (0 ≤ m ∨ m ≤ 0) ∧ (0 ≤ m → m * a ≤ m * p ∧ m * p ≤ m * b) ∧
      (m ≤ 0 → m * p ≤ m * a ∧ m * b ≤ m * p) := by
  refine ⟨le_total, fun h => ?_, fun h => ?_⟩
  · have h₁ := OrderedRing.mul_nonneg h (by grind : 0 ≤ p - a)
    have h₂ := OrderedRing.mul_nonneg h (by grind : 0 ≤ b - p)
    grind
  · have h₁ := OrderedRing.mul_nonneg (by grind : 0 ≤ -m) (by grind : 0 ≤ p - a)
    have h₂ := OrderedRing.mul_nonneg (by grind : 0 ≤ -m) (by grind : 0 ≤ b - p)
    grind

/-- A positive factor may be cancelled from both sides. -/
theorem le_of_mul_le_mul {d a b : α} (positive : 0 < d) (h : d * a ≤ d * b) : a ≤ b := by
  rcases le_total (a := a) (b := b) with h' | h'
  · exact h'
  · by_cases equal : a ≤ b
    · exact equal
    · have := OrderedRing.mul_lt_mul_of_pos_left (by grind : b < a) positive
      grind

end OrderedField

instance : LawfulOrderMax Rat where
  max_eq_or a b := by rw [Rat.max_def]; split <;> grind
  max_le_iff a b c := by rw [Rat.max_def]; split <;> grind

instance : LawfulOrderMin Rat where
  min_eq_or a b := by rw [Rat.min_def]; split <;> grind
  le_min_iff a b c := by rw [Rat.min_def]; split <;> grind

end Refsem
