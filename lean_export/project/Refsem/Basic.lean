/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project.
-/
module

@[expose] public section

/-!
# Ordered fields with minimum and maximum

The prelude of every exported theorem: absolute value and selection, what `max`, `min` and `abs`
are in each case, and that positive factors may be cancelled. Core Lean only.

Theorems are stated over any type with the classes of an ordered field of `Lean.Grind`, and lawful
`Min` and `Max`. The rational numbers are one such type; the missing instances for them are here.

## Main statements

* `max_cases`, `min_cases`, `abs_cases`: which of two elements it is, and how they compare.
* `le_of_mul_le_mul`: a positive factor may be cancelled.
-/

open Lean.Grind Std

namespace Refsem

universe u

-- The quicker of two ways to a field's operations: that of the expressions of `CommRing`.
attribute [local instance 1100] Ring.toSemiring CommRing.toRing

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

end Cases

section OrderedField

variable [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem abs_cases [Max α] [LawfulOrderMax α] (a : α) :
    (abs a = a ∧ 0 ≤ a) ∨ (abs a = -a ∧ a ≤ 0) := by
  unfold abs
  have := max_cases a (-a)
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
