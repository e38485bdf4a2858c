/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Kernel
public import Refsem.Rounding

@[expose] public section

/-!
# Rounding in a mode

The five modes of IEEE 754-2019 §4.3, as relations to a format and to its even numbers; and how
the neighbours of a number in the format decide its roundings.

## Main statements

* `Rounds`: the relation.
* `rounds_neg`: negative numbers are rounded as positive ones are in the mirrored mode.
* `down_of_gap`, …, `away_upper`: between two neighbours.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]
  [Max α] [LawfulOrderMax α]

/-- `r` is the rounding of `x` to the format `F` with the even numbers `E`. -/
def Rounds (F E : α → Prop) (mode : Mode) (x r : α) : Prop :=
  match mode with
  | .nearestEven => RoundsNearest F x r ∧ (E r ∨ ∀ y, RoundsNearest F x y → y = r)
  | .nearestAway => RoundsNearest F x r ∧ ∀ y, RoundsNearest F x y → abs y ≤ abs r
  | .up => RoundsUp F x r
  | .down => RoundsDown F x r
  | .zero => (0 ≤ x → RoundsDown F x r) ∧ (x ≤ 0 → RoundsUp F x r)

/-- The mode that does to negative numbers what a mode does to positive ones. -/
def mirrored : Mode → Mode
  | .up => .down
  | .down => .up
  | mode => mode

theorem abs_neg (a : α) : abs (-a) = abs a := by
  have := abs_cases a
  have := abs_cases (-a)
  grind

variable {F E : α → Prop} {x r lo hi : α}

theorem roundsDown_neg (symmetric : ∀ y, F y → F (-y)) (h : RoundsUp F x r) :
    RoundsDown F (-x) (-r) := by
  refine ⟨symmetric r h.1, ?_, fun y member below => ?_⟩
  · have := h.2.1
    grind
  · have := h.2.2 (-y) (symmetric y member) (by grind)
    grind

theorem roundsNearest_neg (symmetric : ∀ y, F y → F (-y)) (h : RoundsNearest F x r) :
    RoundsNearest F (-x) (-r) := by
  refine ⟨symmetric r h.1, fun y member => ?_⟩
  have near := h.2 (-y) (symmetric y member)
  have e₁ : -x - -r = -(x - r) := by grind
  have e₂ : -x - y = -(x - -y) := by grind
  rw [e₁, e₂, abs_neg, abs_neg]
  exact near

theorem rounds_neg (symmetric : ∀ y, F y → F (-y)) (evenly : ∀ y, E y → E (-y)) {mode : Mode}
    (h : Rounds F E mode x r) : Rounds F E (mirrored mode) (-x) (-r) := by
  have back {y : α} (near : RoundsNearest F (-x) y) : RoundsNearest F x (-y) := by
    have := roundsNearest_neg symmetric near
    rwa [show - -x = x by grind] at this
  match mode with
  | .nearestEven =>
    refine ⟨roundsNearest_neg symmetric h.1, h.2.imp (evenly r) fun only y near => ?_⟩
    have := only (-y) (back near)
    grind
  | .nearestAway =>
    refine ⟨roundsNearest_neg symmetric h.1, fun y near => ?_⟩
    have := h.2 (-y) (back near)
    rwa [abs_neg] at this ⊢
  | .up => exact roundsDown_neg symmetric h
  | .down => exact roundsUp_neg symmetric h
  | .zero =>
    exact ⟨fun sign => roundsDown_neg symmetric (h.2 (by grind)),
      fun sign => roundsUp_neg symmetric (h.1 (by grind))⟩

/-! ### Between two neighbours -/

theorem down_of_gap (member : F lo) (le : lo ≤ x) (lt : x < hi)
    (gap : ∀ y, F y → y ≤ lo ∨ hi ≤ y) : RoundsDown F x lo := by
  refine ⟨member, le, fun y other below => ?_⟩
  have := gap y other
  grind

theorem up_of_gap (member : F hi) (lt : lo < x) (le : x ≤ hi)
    (gap : ∀ y, F y → y ≤ lo ∨ hi ≤ y) : RoundsUp F x hi := by
  refine ⟨member, le, fun y other above => ?_⟩
  have := gap y other
  grind

theorem nearest_lower (member : F lo) (le : lo ≤ x) (lt : x < hi)
    (gap : ∀ y, F y → y ≤ lo ∨ hi ≤ y) (half : x + x ≤ lo + hi) : RoundsNearest F x lo := by
  refine ⟨member, fun y other => ?_⟩
  have := gap y other
  have := abs_cases (x - lo)
  have := abs_cases (x - y)
  grind

theorem nearest_upper (member : F hi) (le : lo ≤ x) (lt : x < hi)
    (gap : ∀ y, F y → y ≤ lo ∨ hi ≤ y) (half : lo + hi ≤ x + x) : RoundsNearest F x hi := by
  refine ⟨member, fun y other => ?_⟩
  have := gap y other
  have := abs_cases (x - hi)
  have := abs_cases (x - y)
  grind

theorem only_lower (member : F lo) (le : lo ≤ x) (lt : x < hi)
    (gap : ∀ y, F y → y ≤ lo ∨ hi ≤ y) (half : x + x < lo + hi) {y : α}
    (near : RoundsNearest F x y) : y = lo := by
  have := gap y near.1
  have := near.2 lo member
  have := abs_cases (x - lo)
  have := abs_cases (x - y)
  grind

theorem only_upper (member : F hi) (le : lo ≤ x) (lt : x < hi)
    (gap : ∀ y, F y → y ≤ lo ∨ hi ≤ y) (half : lo + hi < x + x) {y : α}
    (near : RoundsNearest F x y) : y = hi := by
  have := gap y near.1
  have := near.2 hi member
  have := abs_cases (x - hi)
  have := abs_cases (x - y)
  grind

/-- Of the numbers nearest to a positive one none is greater than the upper neighbour. -/
theorem away_upper (member : F hi) (nonneg : 0 ≤ lo) (le : lo ≤ x) (lt : x < hi) {y : α}
    (near : RoundsNearest F x y) : abs y ≤ abs hi := by
  have := near.2 hi member
  have := abs_cases (x - hi)
  have := abs_cases (x - y)
  have := abs_cases y
  have := abs_cases hi
  grind

end Refsem.Kernel
