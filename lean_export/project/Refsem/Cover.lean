/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that speaks of a split tree.
-/
module

public import Refsem.Crown

@[expose] public section

/-!
# Split trees: what holds over every leaf holds over the box

A split tree cuts a box at numbers of its inputs until something can be shown of each piece. The
boxes of its leaves are made from the cuts alone, so that nothing between them can be lost. What is
shown of a leaf is that no input in it is unsafe: each case of a property, a conjunction of linear
constraints on inputs and outputs, fails there, for a sum of its constraints is out of reach.

## Main definitions

* `Constraint.Met`, `Safe`: a property as VNN-LIB means it, with integer coefficients.
* `Tree.leaves`: the boxes of the leaves, in order.
* `withBelow`: what is known of a network's layers, with other slopes below.

## Main statements

* `Tree.covers`: what holds over every leaf holds over the box that was cut.
* `safeAt_of_excludes`: no case is met where the bounds of its sum exclude that.
* `reached_withBelow`: slopes are chosen anew for each pass.
* `inBox_of_boxWithin`: a box within another, whatever their scales.
-/

open Lean.Grind Std

namespace Refsem

universe u

attribute [local instance] Lean.Grind.Ring.intCast

/-- Ends of every input, as numerators over a scale. -/
abbrev Box : Type := List (Int × Int)

/-- A box is a leaf, or cut: one input at most a number, or at least that number. -/
inductive Tree where
  | leaf
  | cut (input : Nat) (number : Int) (below above : Tree)

/-- The part of a box where an input is at most a number. -/
def lowerPart : Nat → Int → Box → Box
  | 0, number, (l, _) :: box => (l, number) :: box
  | input + 1, number, ends :: box => ends :: lowerPart input number box
  | _, _, [] => []

/-- The part of a box where an input is at least a number. -/
def upperPart : Nat → Int → Box → Box
  | 0, number, (_, h) :: box => (number, h) :: box
  | input + 1, number, ends :: box => ends :: upperPart input number box
  | _, _, [] => []

/-- The boxes of the leaves. -/
noncomputable def Tree.leaves : Tree → Box → List Box
  | .leaf, box => [box]
  | .cut input number below above, box =>
    below.leaves (lowerPart input number box) ++ above.leaves (upperPart input number box)

/-- Whether a box over one scale lies within a box over another. -/
noncomputable def boxWithin (S T : Nat) : Box → Box → Bool
  | [], [] => true
  | (l, h) :: box, (l', h') :: box' =>
    decide (l' * (S : Int) ≤ l * (T : Int)) && decide (h * (T : Int) ≤ h' * (S : Int)) &&
      boxWithin S T box box'
  | _, _ => false

/-- `Σ inputs + Σ outputs ≤ bound`, or `<` if it is strict. -/
structure Constraint where
  inputs : List Int
  outputs : List Int
  bound : Int
  strict : Bool

/-- The sum of two rows of coefficients, entry by entry. -/
noncomputable def addRows : List Int → List Int → List Int
  | a :: as, b :: bs => (a + b) :: addRows as bs
  | [], bs => bs
  | as, [] => as

/-- The outputs' coefficients in a weighted sum of constraints. -/
noncomputable def summedOutputs : List Nat → List Constraint → List Int
  | w :: ws, c :: cs => addRows (c.outputs.map ((w : Int) * ·)) (summedOutputs ws cs)
  | _, _ => []

/-- The bound of a weighted sum of constraints. -/
noncomputable def summedBound : List Nat → List Constraint → Int
  | w :: ws, c :: cs => (w : Int) * c.bound + summedBound ws cs
  | _, _ => 0

/-- Whether no constraint that has a weight speaks of inputs. -/
noncomputable def onlyOutputs : List Nat → List Constraint → Bool
  | w :: ws, c :: cs => (decide (w = 0) || c.inputs.isEmpty) && onlyOutputs ws cs
  | _, _ => true

/-- Whether a constraint that has a weight is strict. -/
noncomputable def someStrict : List Nat → List Constraint → Bool
  | w :: ws, c :: cs => (decide (w ≠ 0) && c.strict) || someStrict ws cs
  | _, _ => false

/-- How a row contradicts a case: a sum of its constraints with these weights, divided. -/
structure Sum where
  weights : List Nat
  divisor : Nat

/-- Whether the words of a row, times the divisor, are these coefficients. -/
noncomputable def wordsAre (divisor : Nat) : List Int → Nat → Bool
  | [], _ => true
  | k :: ks, row =>
    decide ((divisor : Int) * value (word row) = k * (unit : Int)) &&
      wordsAre divisor ks (rest row)

/-- Whether a row is that sum of a case's constraints on outputs, each output in its place. -/
noncomputable def isSum (width : Nat) (case : List Constraint) (sum : Sum) (row : Nat) : Bool :=
  decide (0 < sum.divisor) && onlyOutputs sum.weights case &&
    decide ((summedOutputs sum.weights case).length = width) &&
    decide (value (word row) = 0) &&
    wordsAre sum.divisor (summedOutputs sum.weights case) (rest row)

/-- Whether a row, which is at least `l` over the scale, contradicts a case. -/
noncomputable def excludesCase (scale width : Nat) (case : List Constraint) (sum : Sum) (row : Nat)
    (l : Int) : Bool :=
  isSum width case sum row &&
    (decide ((scale : Int) * summedBound sum.weights case < (sum.divisor : Int) * l) ||
      (someStrict sum.weights case &&
        decide ((scale : Int) * summedBound sum.weights case ≤ (sum.divisor : Int) * l)))

/-- Whether the cases at some places are contradicted, each by its row. -/
noncomputable def excludes (scale width : Nat) (cases : List (List Constraint)) :
    List (Nat × Sum) → List Nat → Box → Bool
  | [], [], [] => true
  | (place, sum) :: sums, row :: rows, (l, _) :: box =>
    (match cases[place]? with
      | some case => excludesCase scale width case sum row l
      | none => false) && excludes scale width cases sums rows box
  | _, _, _ => false

/-- Neurons with other slopes below. -/
noncomputable def Neurons.withBelow : Neurons → List Nat → Neurons
  | .cons l h _ above others, below :: more => .cons l h below above (others.withBelow more)
  | neurons, _ => neurons

/-- What is known of a network's layers, with other slopes below. -/
noncomputable def withBelow : List Known → List (List Nat) → List Known
  | ⟨relu, width, rows, neurons⟩ :: earlier, below :: more =>
    ⟨relu, width, rows, neurons.withBelow below⟩ :: withBelow earlier more
  | known, _ => known

section Meaning

variable {α : Type u} [Field α] [LE α] [LT α]

/-- A sum of values with integer coefficients. -/
def combination : List Int → List α → α
  | k :: ks, x :: xs => (k : α) * x + combination ks xs
  | _, _ => 0

/-- The constraint is met by inputs and outputs. -/
def Constraint.Met (c : Constraint) (x y : List α) : Prop :=
  match c.strict with
  | true => combination c.inputs x + combination c.outputs y < (c.bound : α)
  | false => combination c.inputs x + combination c.outputs y ≤ (c.bound : α)

/-- No case is met: in each some constraint fails. -/
def Safe (cases : List (List Constraint)) (x y : List α) : Prop :=
  ∀ case, case ∈ cases → ¬ ∀ c, c ∈ case → c.Met x y

/-- The cases at some places are not met. -/
def SafeAt (cases : List (List Constraint)) (places : List Nat) (x y : List α) : Prop :=
  ∀ place, place ∈ places → ∀ case, cases[place]? = some case → ¬ ∀ c, c ∈ case → c.Met x y

/-- Something holds of every vector in a box. -/
def Over (scale : Nat) (P : List α → Prop) (box : Box) : Prop :=
  ∀ x, InBox scale box x → P x

end Meaning

section Boxes

variable {α : Type u} [Field α] [LE α]

section Cuts

variable [IsLinearOrder α]

/-- A vector in a box lies in one of the parts. -/
theorem inBox_parts {scale : Nat} {number : Int} : ∀ {input : Nat} {box : Box} {x : List α},
    InBox scale box x →
      InBox scale (lowerPart input number box) x ∨ InBox scale (upperPart input number box) x
  | 0, (l, h) :: box, x :: xs, ⟨below, above, others⟩ => by
    rcases le_total (a := ((scale : Int) : α) * x) (b := (number : α)) with h | h
    · exact .inl ⟨below, h, others⟩
    · exact .inr ⟨h, above, others⟩
  | input + 1, (l, h) :: box, x :: xs, ⟨below, above, others⟩ => by
    rcases inBox_parts (input := input) (number := number) others with h | h
    · exact .inl ⟨below, above, h⟩
    · exact .inr ⟨below, above, h⟩
  | 0, [], [], inside => .inl inside
  | _ + 1, [], [], inside => .inl inside

/-- What holds over every leaf holds over the box that was cut. -/
theorem Tree.covers {scale : Nat} {P : List α → Prop} : ∀ (tree : Tree) (box : Box),
    (∀ leaf, leaf ∈ tree.leaves box → Over scale P leaf) → Over scale P box
  | .leaf, box, leaves => leaves box (by simp [Tree.leaves])
  | .cut input number below above, box, leaves => fun x inside => by
    rcases inBox_parts (input := input) (number := number) inside with h | h
    · exact below.covers _ (fun leaf member => leaves leaf (by
        simp only [Tree.leaves, List.mem_append]; exact .inl member)) x h
    · exact above.covers _ (fun leaf member => leaves leaf (by
        simp only [Tree.leaves, List.mem_append]; exact .inr member)) x h

end Cuts

theorem over_nil {scale : Nat} {P : List α → Prop} (leaf : Box) (member : leaf ∈ ([] : List Box)) :
    Over scale P leaf :=
  nomatch member

theorem over_cons {scale : Nat} {P : List α → Prop} {box : Box} {boxes : List Box}
    (first : Over scale P box) (others : ∀ leaf, leaf ∈ boxes → Over scale P leaf) (leaf : Box)
    (member : leaf ∈ box :: boxes) : Over scale P leaf := by
  rcases List.mem_cons.1 member with equal | member
  · exact equal ▸ first
  · exact others leaf member

variable [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

/-- A vector in a box lies in every box around it. -/
theorem inBox_of_boxWithin {S T : Nat} (positive : 0 < S) : ∀ {box box' : Box} {x : List α},
    boxWithin S T box box' = true → InBox S box x → InBox T box' x
  | [], [], [], _, _ => True.intro
  | (l, h) :: box, (l', h') :: box', x :: xs, checked, ⟨below, above, others⟩ => by
    simp only [boxWithin, Bool.and_eq_true, decide_eq_true_eq] at checked
    obtain ⟨⟨lower, upper⟩, more⟩ := checked
    have lower' := cast_le (α := α) lower
    have upper' := cast_le (α := α) upper
    rw [cast_mul, cast_mul] at lower' upper'
    have pos : (0 : α) < ((S : Int) : α) := cast_pos positive
    have nonneg : (0 : α) ≤ ((T : Int) : α) := cast_nonneg (Int.natCast_nonneg _)
    have m₁ := OrderedRing.mul_le_mul_of_nonneg_left below nonneg
    have m₂ := OrderedRing.mul_le_mul_of_nonneg_left above nonneg
    refine ⟨le_of_mul_le_mul pos ?_, le_of_mul_le_mul pos ?_,
      inBox_of_boxWithin positive more others⟩
    · grind
    · grind

end Boxes

section Cases

variable {α : Type u} [Field α]

theorem combination_add : ∀ (as bs : List Int) (y : List α),
    combination (addRows as bs) y = combination as y + combination bs y
  | a :: as, b :: bs, y :: ys => by
    have more := combination_add as bs ys
    simp only [addRows, combination, more, cast_add]
    grind
  | a :: as, b :: bs, [] => by simp only [addRows, combination]; grind
  | [], bs, y => by simp only [addRows, combination]; grind
  | a :: as, [], y => by simp only [addRows, combination]; grind

theorem combination_map (w : Int) : ∀ (as : List Int) (y : List α),
    combination (as.map (w * ·)) y = (w : α) * combination as y
  | a :: as, y :: ys => by
    have more := combination_map w as ys
    simp only [List.map, combination, more, cast_mul]
    grind
  | a :: as, [] => by simp only [List.map, combination]; grind
  | [], y => by simp only [List.map, combination]; grind

theorem dot_wordsAre {d : Nat} : ∀ {ks : List Int} {row : Nat} {y : List α},
    wordsAre d ks row = true → ks.length = y.length →
      ((d : Int) : α) * dot row y = ((unit : Int) : α) * combination ks y
  | [], row, [], _, _ => by simp only [dot, combination]; grind
  | k :: ks, row, y :: ys, checked, length => by
    simp only [wordsAre, Bool.and_eq_true, decide_eq_true_eq] at checked
    have more := dot_wordsAre (y := ys) checked.2 (by simpa using length)
    have here : (((d : Int) * value (word row) : Int) : α) = ((k * (unit : Int) : Int) : α) := by
      rw [checked.1]
    rw [cast_mul, cast_mul] at here
    simp only [dot, combination]
    grind

variable [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

/-- The value of a row that is a sum of constraints. -/
theorem pre_isSum {width : Nat} {case : List Constraint} {sum : Sum} {row : Nat} {y : List α}
    (length : y.length = width) (checked : isSum width case sum row = true) :
    ((sum.divisor : Int) : α) * pre row y = combination (summedOutputs sum.weights case) y := by
  simp only [isSum, Bool.and_eq_true, decide_eq_true_eq] at checked
  obtain ⟨⟨⟨_, count⟩, constant⟩, words⟩ := checked
  have positive : (0 : α) < ((unit : Int) : α) := cast_pos unit_pos
  have whole := unit_mul_pre (α := α) row y
  have zero : ((0 : Int) : α) = 0 := cast_zero
  have dots := dot_wordsAre words (count.trans length.symm)
  simp only [affine, constant, zero] at whole
  generalize ((unit : Int) : α) = e at *
  generalize ((sum.divisor : Int) : α) = d at *
  generalize pre row y = a at *
  generalize combination (summedOutputs sum.weights case) y = b at *
  generalize dot (rest row) y = c at *
  have same : e * (d * a) = e * b := by grind
  have under : d * a ≤ b := le_of_mul_le_mul positive (by grind)
  have over : b ≤ d * a := le_of_mul_le_mul positive (by grind)
  exact le_antisymm under over

/-- A weighted sum of constraints that are met. -/
theorem summed_le {x y : List α} : ∀ {weights : List Nat} {case : List Constraint},
    onlyOutputs weights case = true → (∀ c, c ∈ case → c.Met x y) →
      combination (summedOutputs weights case) y ≤ (summedBound weights case : α) ∧
        (someStrict weights case = true →
          combination (summedOutputs weights case) y < (summedBound weights case : α))
  | [], _, _, _ => by
    have zero : ((0 : Int) : α) = 0 := cast_zero
    exact ⟨by simp only [summedOutputs, summedBound, combination]; grind, nofun⟩
  | _ :: _, [], _, _ => by
    have zero : ((0 : Int) : α) = 0 := cast_zero
    exact ⟨by simp only [summedOutputs, summedBound, combination]; grind, nofun⟩
  | w :: ws, c :: cs, only, met => by
    simp only [onlyOutputs, Bool.and_eq_true, Bool.or_eq_true, decide_eq_true_eq] at only
    have more := summed_le (weights := ws) (case := cs) only.2
      (fun c' member => met c' (List.mem_cons_of_mem _ member))
    have here := met c (List.mem_cons_self ..)
    simp only [summedOutputs, summedBound, someStrict, combination_add, combination_map, cast_add,
      cast_mul, Bool.or_eq_true, Bool.and_eq_true, decide_eq_true_eq]
    by_cases weightless : w = 0
    · have zero : (((0 : Nat) : Int) : α) = 0 := cast_zero
      subst weightless
      grind
    · have none : c.inputs = [] := by
        rcases only.1 with h | h
        · exact absurd h weightless
        · simpa using h
      have positive : (0 : α) < ((w : Int) : α) := cast_pos (Nat.pos_of_ne_zero weightless)
      have empty : combination ([] : List Int) x = 0 := rfl
      simp only [Constraint.Met, none, empty] at here
      generalize combination c.outputs y = v at *
      generalize (c.bound : α) = b at *
      generalize ((w : Int) : α) = k at *
      generalize combination (summedOutputs ws cs) y = v' at *
      generalize (summedBound ws cs : α) = b' at *
      cases strict : c.strict with
      | true =>
        simp only [strict] at here
        have p : 0 < k * (b - v) := OrderedRing.mul_pos positive (by grind)
        grind
      | false =>
        simp only [strict] at here
        have p : 0 ≤ k * (b - v) := OrderedRing.mul_nonneg (by grind) (by grind)
        grind

/-- A sum `v` that is at most `b`, `d` times something of which `l` is a lower bound. -/
theorem lower_le {d s p v b l : α} (nonneg : 0 ≤ d) (value : d * p = v)
    (lower : l ≤ s * p) (upper : v ≤ b) : d * l + s * (b - v) ≤ s * b := by
  have h := OrderedRing.mul_le_mul_of_nonneg_left lower nonneg
  subst value
  grind

theorem not_met_of_excludesCase {scale width : Nat} {case : List Constraint} {sum : Sum}
    {row : Nat} {l : Int} {x y : List α} (positive : 0 < scale) (length : y.length = width)
    (lower : (l : α) ≤ ((scale : Int) : α) * pre row y)
    (checked : excludesCase scale width case sum row l = true) : ¬ ∀ c, c ∈ case → c.Met x y := by
  intro met
  simp only [excludesCase, Bool.and_eq_true, Bool.or_eq_true, decide_eq_true_eq] at checked
  obtain ⟨isSum, bounds⟩ := checked
  have value := pre_isSum (α := α) length isSum
  simp only [Refsem.isSum, Bool.and_eq_true, decide_eq_true_eq] at isSum
  have sums := summed_le (α := α) isSum.1.1.1.2 met
  have divisor : (0 : α) < ((sum.divisor : Int) : α) := cast_pos isSum.1.1.1.1
  have pos : (0 : α) < ((scale : Int) : α) := cast_pos positive
  have room := lower_le (by grind) value lower sums.1
  have nonneg : 0 ≤ ((scale : Int) : α) * ((summedBound sum.weights case : α) -
      combination (summedOutputs sum.weights case) y) :=
    OrderedRing.mul_nonneg (by grind) (by have := sums.1; grind)
  rcases bounds with beyond | ⟨strict, beyond⟩
  · have beyond' := cast_le (α := α) (Int.add_one_le_of_lt beyond)
    have one : ((1 : Int) : α) = 1 := Ring.intCast_one
    rw [cast_add, cast_mul, cast_mul, one] at beyond'
    have := OrderedRing.zero_lt_one (R := α)
    generalize ((scale : Int) : α) * ((summedBound sum.weights case : α) - _) = gap at *
    clear isSum value sums met lower beyond
    grind
  · have beyond' := cast_le (α := α) beyond
    rw [cast_mul, cast_mul] at beyond'
    have gap : 0 < ((scale : Int) : α) * ((summedBound sum.weights case : α) -
        combination (summedOutputs sum.weights case) y) :=
      OrderedRing.mul_pos pos (by have := sums.2 strict; grind)
    generalize ((scale : Int) : α) * ((summedBound sum.weights case : α) - _) = gap at *
    clear isSum value sums met lower beyond
    grind

/-- No case is met where the bounds of its sum exclude that. -/
theorem safeAt_of_excludes {scale width : Nat} {cases : List (List Constraint)}
    (positive : 0 < scale) {x y : List α} (length : y.length = width) :
    ∀ {sums : List (Nat × Sum)} {rows : List Nat} {box : Box},
      InBox scale box (rows.map (pre · y)) → excludes scale width cases sums rows box = true →
      SafeAt cases (sums.map Prod.fst) x y
  | [], _, _, _, _ => fun _ member => nomatch member
  | (place, sum) :: sums, row :: rows, (l, h) :: box, ⟨lower, _, inside⟩, checked => by
    simp only [excludes, Bool.and_eq_true] at checked
    intro at_ member case found
    rcases List.mem_cons.1 member with equal | member
    · have here := checked.1
      have equal' : at_ = place := equal
      rw [← equal', found] at here
      exact not_met_of_excludesCase positive length lower here
    · exact safeAt_of_excludes positive length inside checked.2 at_ member case found

end Cases

section Places

variable {α : Type u} [Field α] [LE α] [LT α]

theorem safeAt_append {cases : List (List Constraint)} {first second : List Nat} {x y : List α}
    (safe : SafeAt cases first x y) (safe' : SafeAt cases second x y) :
    SafeAt cases (first ++ second) x y := fun place member =>
  (List.mem_append.1 member).elim (safe place) (safe' place)

/-- A property holds where the cases at all places are not met. -/
theorem safe_of_safeAt {cases : List (List Constraint)} {places : List Nat} {x y : List α}
    (all : (List.range cases.length).all (places.contains ·) = true)
    (safe : SafeAt cases places x y) : Safe cases x y := by
  intro case member
  obtain ⟨place, found⟩ := List.mem_iff_getElem?.1 member
  have below : place < cases.length := (List.getElem?_eq_some_iff.1 found).1
  have listed := List.all_eq_true.1 all place (List.mem_range.2 below)
  exact safe place (List.contains_iff_mem.1 listed) case found

end Places

section Slopes

theorem Neurons.ends_withBelow : ∀ (neurons : Neurons) (below : List Nat),
    (neurons.withBelow below).ends = neurons.ends
  | .nil, [] => rfl
  | .nil, _ :: _ => rfl
  | .cons _ _ _ _ _, [] => rfl
  | .cons l h _ _ others, _ :: more => by
    show (l, h) :: (others.withBelow more).ends = (l, h) :: others.ends
    rw [others.ends_withBelow more]

variable {α : Type u} [Field α] [LE α] [Max α]

/-- What is known of the layers does not depend on slopes. -/
theorem reached_withBelow {p : Problem} {input : List α} : ∀ {known : List Known}
    {below : List (List Nat)} {xs : List α}, Reached p known input xs →
      Reached p (withBelow known below) input xs
  | [], _, _, reached => reached
  | _ :: _, [], _, reached => reached
  | _ :: _, _ :: _, _, ⟨before, reached, length, box, equal⟩ =>
    ⟨before, reached_withBelow reached, length, by rw [Neurons.ends_withBelow]; exact box, equal⟩

end Slopes

end Refsem
