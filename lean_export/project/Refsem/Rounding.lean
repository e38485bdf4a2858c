/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Basic

@[expose] public section

/-!
# Rounding, as a relation

Rounding is specified before it is computed: `RoundsDown F x r` says that `r` is the greatest
number of the format `F` that is at most `x`. A format is any set of numbers of an ordered field.
Of overflow nothing is said here: where no number of the format is near, nothing is a rounding.

## Main statements

* `roundsDown_unique`, `roundsDown_mono`, `roundsDown_self`, `roundsUp_neg`: of one direction.
* `bracket`: the two directed roundings enclose the exact number, whatever operation made it.
* `roundsNearest_directed`: a nearest number is one of the two directed ones.
* `nearest_error`, `standard_model`: half a gap, and thus a relative error.
* `Tree.error`: the error of a sum in any order, by induction on its tree.
-/

open Lean.Grind Std

namespace Refsem

universe u

variable {α : Type u}

section Directed

variable [LE α]

/-- `r` is the greatest number of the format at most `x`. -/
def RoundsDown (F : α → Prop) (x r : α) : Prop :=
  F r ∧ r ≤ x ∧ ∀ y, F y → y ≤ x → y ≤ r

/-- `r` is the least number of the format at least `x`. -/
def RoundsUp (F : α → Prop) (x r : α) : Prop :=
  F r ∧ x ≤ r ∧ ∀ y, F y → x ≤ y → r ≤ y

variable {F : α → Prop} {x y r s : α}

/-- The directed roundings enclose the exact number: a sum, a product, a fused product and sum. -/
theorem bracket (down : RoundsDown F x r) (up : RoundsUp F x s) : r ≤ x ∧ x ≤ s :=
  ⟨down.2.1, up.2.1⟩

theorem add_bracket [Add α] (down : RoundsDown F (x + y) r) (up : RoundsUp F (x + y) s) :
    r ≤ x + y ∧ x + y ≤ s :=
  bracket down up

theorem mul_bracket [Mul α] (down : RoundsDown F (x * y) r) (up : RoundsUp F (x * y) s) :
    r ≤ x * y ∧ x * y ≤ s :=
  bracket down up

theorem fma_bracket [Add α] [Mul α] {z : α} (down : RoundsDown F (x * y + z) r)
    (up : RoundsUp F (x * y + z) s) : r ≤ x * y + z ∧ x * y + z ≤ s :=
  bracket down up

variable [IsLinearOrder α]

theorem roundsDown_unique (h : RoundsDown F x r) (h' : RoundsDown F x s) : r = s :=
  le_antisymm (h'.2.2 r h.1 h.2.1) (h.2.2 s h'.1 h'.2.1)

theorem roundsUp_unique (h : RoundsUp F x r) (h' : RoundsUp F x s) : r = s :=
  le_antisymm (h.2.2 s h'.1 h'.2.1) (h'.2.2 r h.1 h.2.1)

theorem roundsDown_self (h : F x) : RoundsDown F x x :=
  ⟨h, le_refl x, fun _ _ below => below⟩

theorem roundsUp_self (h : F x) : RoundsUp F x x :=
  ⟨h, le_refl x, fun _ _ above => above⟩

theorem roundsDown_mono (h : RoundsDown F x r) (h' : RoundsDown F y s) (le : x ≤ y) : r ≤ s :=
  h'.2.2 r h.1 (le_trans h.2.1 le)

theorem roundsUp_mono (h : RoundsUp F x r) (h' : RoundsUp F y s) (le : x ≤ y) : r ≤ s :=
  h.2.2 s h'.1 (le_trans le h'.2.1)

end Directed

variable [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem roundsUp_neg {F : α → Prop} {x r : α} (symmetric : ∀ y, F y → F (-y))
    (h : RoundsDown F x r) : RoundsUp F (-x) (-r) := by
  refine ⟨symmetric r h.1, ?_, fun y member above => ?_⟩
  · have := h.2.1
    grind
  · have := h.2.2 (-y) (symmetric y member) (by grind)
    grind

/-- `(1 + u) ^ n`. -/
def growth (u : α) : Nat → α
  | 0 => 1
  | n + 1 => growth u n + u * growth u n

theorem one_le_growth {u : α} (nonneg : 0 ≤ u) : ∀ n, 1 ≤ growth u n
  | 0 => le_refl 1
  | n + 1 => by
    have more := one_le_growth nonneg n
    have := OrderedRing.zero_lt_one (R := α)
    have := OrderedRing.mul_nonneg nonneg (show 0 ≤ growth u n by grind)
    simp only [growth]
    grind

variable [Max α] [LawfulOrderMax α]

/-- No number of the format is nearer to `x` than `r`. -/
def RoundsNearest (F : α → Prop) (x r : α) : Prop :=
  F r ∧ ∀ y, F y → abs (x - r) ≤ abs (x - y)

theorem roundsNearest_self {F : α → Prop} {x r : α} (member : F x) (h : RoundsNearest F x r) :
    r = x := by
  have := h.2 x member
  have := abs_cases (x - r)
  have := abs_cases (x - x)
  grind

theorem roundsNearest_directed {F : α → Prop} {x r : α} (h : RoundsNearest F x r) :
    RoundsDown F x r ∨ RoundsUp F x r := by
  rcases le_total (a := r) (b := x) with le | le
  · refine Or.inl ⟨h.1, le, fun y member below => ?_⟩
    have := h.2 y member
    have := abs_cases (x - r)
    have := abs_cases (x - y)
    grind
  · refine Or.inr ⟨h.1, le, fun y member above => ?_⟩
    have := h.2 y member
    have := abs_cases (x - r)
    have := abs_cases (x - y)
    grind

/-- Between two numbers of the format a nearest number is off by at most half their distance. -/
theorem nearest_error {F : α → Prop} {x r d e : α} (h : RoundsNearest F x r) (below : F d)
    (above : F e) (le₁ : d ≤ x) (le₂ : x ≤ e) : abs (x - r) + abs (x - r) ≤ e - d := by
  have := h.2 d below
  have := h.2 e above
  have := abs_cases (x - d)
  have := abs_cases (x - e)
  grind

/-- Where the gap is at most `2 u b` for some `b ≤ |x|`, the relative error is at most `u`. -/
theorem standard_model {F : α → Prop} {x r d e u b : α} (h : RoundsNearest F x r) (below : F d)
    (above : F e) (le₁ : d ≤ x) (le₂ : x ≤ e) (gap : e - d ≤ u * b + u * b) (nonneg : 0 ≤ u)
    (least : b ≤ abs x) : abs (x - r) ≤ u * abs x := by
  have half := nearest_error h below above le₁ le₂
  have := OrderedRing.mul_le_mul_of_nonneg_left least nonneg
  generalize u * b = p at *
  generalize u * abs x = q at *
  grind

theorem abs_add_le (a b : α) : abs (a + b) ≤ abs a + abs b := by
  have := abs_cases (a + b)
  have := abs_cases a
  have := abs_cases b
  grind

theorem abs_nonneg (a : α) : 0 ≤ abs a := by
  have := abs_cases a
  grind

/-- The order in which a sum is formed. -/
inductive Tree (α : Type u) where
  | leaf (x : α)
  | node (left right : Tree α)

namespace Tree

/-- The exact sum. -/
def sum : Tree α → α
  | leaf x => x
  | node left right => sum left + sum right

/-- The sum of absolute values. -/
noncomputable def size : Tree α → α
  | leaf x => abs x
  | node left right => size left + size right

/-- The number of additions above the deepest leaf. -/
def depth : Tree α → Nat
  | leaf _ => 0
  | node left right => Nat.max (depth left) (depth right) + 1

/-- `v` is a computed value: every addition has a relative error of at most `u`. -/
def Computes (u : α) : Tree α → α → Prop
  | leaf x, v => v = x
  | node left right, v => ∃ a b, Computes u left a ∧ Computes u right b ∧
      abs (v - (a + b)) ≤ u * abs (a + b)

theorem size_nonneg : ∀ t : Tree α, 0 ≤ size t
  | leaf x => abs_nonneg x
  | node left right => by
    have := size_nonneg left
    have := size_nonneg right
    simp only [size]
    grind

theorem abs_sum_le : ∀ t : Tree α, abs (sum t) ≤ size t
  | leaf x => le_refl _
  | node left right => by
    have := abs_sum_le left
    have := abs_sum_le right
    have := abs_add_le (sum left) (sum right)
    simp only [sum, size]
    grind

/-- The error of a sum in any order is at most `(1 + u) ^ depth - 1` times the absolute sum. -/
theorem error {u : α} (nonneg : 0 ≤ u) : ∀ (t : Tree α) (n : Nat) (v : α), depth t ≤ n →
    Computes u t v → abs (v - sum t) ≤ (growth u n - 1) * size t
  | leaf x, n, v, _, computed => by
    have equal : v = x := computed
    have := OrderedRing.mul_nonneg (show 0 ≤ growth u n - 1 by
      have := one_le_growth nonneg n
      grind) (abs_nonneg x)
    have := abs_cases (v - x)
    simp only [sum, size]
    grind
  | node left right, 0, v, deep, _ => by simp [depth] at deep
  | node left right, n + 1, v, deep, computed => by
    obtain ⟨a, b, first, second, rounded⟩ := computed
    have deep' : Nat.max (depth left) (depth right) ≤ n := by
      simp only [depth] at deep; omega
    have h₁ := error nonneg left n a (Nat.le_trans (Nat.le_max_left _ _) deep') first
    have h₂ := error nonneg right n b (Nat.le_trans (Nat.le_max_right _ _) deep') second
    have l₁ := abs_sum_le left
    have l₂ := abs_sum_le right
    -- the computed terms are at most (1 + u) ^ n times the absolute sums
    have total : abs (a + b) ≤ growth u n * (size left + size right) := by
      have t₁ := abs_add_le a b
      have t₂ := abs_add_le (a - sum left) (sum left)
      have t₃ := abs_add_le (b - sum right) (sum right)
      have e₁ : a - sum left + sum left = a := by grind
      have e₂ : b - sum right + sum right = b := by grind
      rw [e₁] at t₂
      rw [e₂] at t₃
      grind
    have scaled := OrderedRing.mul_le_mul_of_nonneg_left total nonneg
    have t₁ := abs_add_le (v - (a + b)) (a + b - (sum left + sum right))
    have t₂ := abs_add_le (a - sum left) (b - sum right)
    have e₁ : v - (a + b) + (a + b - (sum left + sum right)) = v - (sum left + sum right) := by
      grind
    have e₂ : a - sum left + (b - sum right) = a + b - (sum left + sum right) := by grind
    rw [e₁] at t₁
    rw [e₂] at t₂
    simp only [sum, size, growth]
    grind

end Tree

end Refsem
