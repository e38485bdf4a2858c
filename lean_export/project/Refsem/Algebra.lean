/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project.
-/
module

public import Refsem.Polynomial

@[expose] public section

/-!
# Algebraic proofs, checked by computation

A checker of trees that refute some relations between polynomials, and its soundness over any
ordered field. refsem prints the algebraic proof of each obligation as such a tree; the theorem is
then one application of `refuted`, closed by `decide +kernel`.

Polynomials are expressions of `Lean.Grind.CommRing`; `Refsem/Polynomial.lean` computes whether one
is zero. Whatever is no polynomial (a maximum, a quotient, a function
of a term) is a variable; what is known of it is a `Law`, with a lemma of the last section.

## Main statements

* `Relation`: what is known: `a ≤ b`, `a < b`, `a = b` or `a ≠ b` for polynomials.
* `Law`: what follows under conditions, such as the value of a maximum in each of its cases.
* `Tree`: cases, lemmas, applied laws, replaced variables, and at each leaf summands that cancel
  although none is negative and one is positive.
* `refuted`: where `check` computes to `true`, laws and relations do not hold together.
-/

open Lean (RArray)
open Lean.Grind Std
open Lean.Grind.CommRing (Expr)

namespace Refsem

universe u

-- The quicker of two ways to a field's operations: that of the expressions of `CommRing`.
attribute [local instance 1100] Ring.toSemiring CommRing.toRing

/-- Values of the variables: the first, and those after it. -/
noncomputable def values {α : Type u} (first : α) (rest : List α) : RArray α :=
  go 0 first rest
where
  go (index : Nat) (first : α) : List α → RArray α
    | [] => .leaf first
    | next :: rest => .branch (index + 1) (.leaf first) (go (index + 1) next rest)

namespace Algebra

/-- A relation between two polynomials. -/
inductive Relation where
  | le (a b : Expr)
  | lt (a b : Expr)
  | eq (a b : Expr)
  | ne (a b : Expr)

/-- A polynomial that is ≥ 0, > 0, = 0 or ≠ 0 where the relation holds. -/
noncomputable def Relation.excess (r : Relation) : Expr :=
  Relation.rec (motive := fun _ => Expr) (fun a b => .sub b a) (fun a b => .sub b a)
    (fun a b => .sub a b) (fun a b => .sub a b) r

/-- Whether it says that the excess is positive. -/
noncomputable def Relation.isStrict : Relation → Bool
  | lt _ _ => true
  | _ => false

/-- Whether it says that the excess is not negative. -/
noncomputable def Relation.isInequality : Relation → Bool
  | le _ _ => true
  | lt _ _ => true
  | _ => false

/-- Whether it says that the excess is 0. -/
noncomputable def Relation.isEquation : Relation → Bool
  | eq _ _ => true
  | _ => false

/-- Whether it says that the excess is not 0. -/
noncomputable def Relation.isApart : Relation → Bool
  | lt _ _ => true
  | ne _ _ => true
  | _ => false

/-- What holds where the relation does not. -/
noncomputable def Relation.negation : Relation → Relation
  | le a b => lt b a
  | lt a b => le b a
  | eq a b => ne a b
  | ne a b => eq a b

/-- Whether a relation with the same excess implies this one. -/
noncomputable def Relation.weaker : Relation → Relation → Bool
  | le _ _, le _ _ => true
  | le _ _, lt _ _ => true
  | lt _ _, lt _ _ => true
  | ne _ _, ne _ _ => true
  | ne _ _, lt _ _ => true
  | eq _ _, eq _ _ => true
  | _, _ => false

/-- A conclusion under conditions. -/
structure Law where
  conditions : List Relation
  conclusion : Relation

/-- A multiple of a product: of inequalities, and of squares of what is not 0, or of anything. -/
structure Product where
  times : Nat
  facts : List Nat
  apart : List Nat := []
  squares : List Expr := []

/-- A multiple of a product of inequalities. -/
noncomputable def Product.of (times : Nat) (facts : List Nat) : Product :=
  ⟨times, facts, [], []⟩

/-- A polynomial by an equation. -/
structure Multiple where
  equation : Nat
  factor : Expr

/-- A refutation. A fact is named by how many were added after it, a law by its place. -/
inductive Tree where
  | leaf (products : List Product) (multiples : List Multiple)
  | split (term : Expr) (nonnegative negative : Tree)
  | signs (fact : Nat) (positive negative : Tree)
  | have (relation : Relation) (proof rest : Tree)
  | apply (law : Nat) (facts : List Nat) (rest : Tree)
  | replace (which : Nat) (value : Expr) (equation : Nat) (rest : Tree)

/-- The variables that were replaced, and by what. -/
abbrev Values := List (Nat × Expr)

/-- What replaces a variable: itself where nothing does. -/
noncomputable def lookup (which : Nat) (values : Values) : Expr :=
  List.rec (motive := fun _ => Expr) (.var which)
    (fun one _ further =>
      Prod.rec (motive := fun _ => Expr)
        (fun other value =>
          Bool.rec (motive := fun _ => Expr) further value (Nat.beq other which))
        one)
    values

/-- The polynomial with variables replaced. -/
noncomputable def bind (values : Values) (e : Expr) : Expr :=
  Expr.rec (motive := fun _ => Expr) .num .natCast .intCast (fun x => lookup x values)
    (fun _ a => .neg a)
    (fun _ _ a b => .add a b)
    (fun _ _ a b => .sub a b)
    (fun _ _ a b => .mul a b)
    (fun _ k a => .pow a k)
    e

/-- Whether the polynomial is 0 once variables are replaced. -/
noncomputable def vanishes (values : Values) (a : Expr) : Bool :=
  isZero (bind values a)

/-- A fact by its place; one that always holds where there is none. -/
noncomputable def nth (facts : List Relation) : Nat → Relation :=
  List.rec (motive := fun _ => Nat → Relation) (fun _ => .eq (.num 0) (.num 0))
    (fun fact _ further n =>
      Nat.rec (motive := fun _ => Relation) fact (fun before _ => further before) n)
    facts

/-- A law by its place; one that always holds where there is none. -/
noncomputable def law : List Law → Nat → Law
  | [], _ => ⟨[], .eq (.num 0) (.num 0)⟩
  | one :: _, 0 => one
  | _ :: rest, n + 1 => law rest n

/-- Whether all of a list are so. -/
noncomputable def every {β : Type} (holds : β → Bool) : List β → Bool
  | [] => true
  | one :: rest => holds one && every holds rest

/-- Whether one of a list is so. -/
noncomputable def any {β : Type} (holds : β → Bool) : List β → Bool
  | [] => false
  | one :: rest => holds one || any holds rest

/-- The product of the excesses of some facts. -/
noncomputable def factors (facts : List Relation) : List Nat → Expr
  | [] => .num 1
  | i :: rest => .mul (nth facts i).excess (factors facts rest)

/-- The product of the squares of some polynomials. -/
noncomputable def squaresOf : List Expr → Expr
  | [] => .num 1
  | root :: rest => .mul (.pow root 2) (squaresOf rest)

/-- The product of the squares of the excesses of some facts. -/
noncomputable def apartOf (facts : List Relation) : List Nat → Expr
  | [] => .num 1
  | i :: rest => .mul (.pow (nth facts i).excess 2) (apartOf facts rest)

/-- The product as a polynomial. -/
noncomputable def Product.value (facts : List Relation) (p : Product) : Expr :=
  .mul (.mul (.num p.times) (.mul (apartOf facts p.apart) (squaresOf p.squares)))
    (factors facts p.facts)

/-- Whether the product cannot be negative. -/
noncomputable def Product.isValid (facts : List Relation) (p : Product) : Bool :=
  Nat.blt 0 p.times && every (fun i => (nth facts i).isInequality) p.facts &&
    every (fun i => (nth facts i).isApart) p.apart

/-- Whether no square is among the factors: it could be 0. -/
noncomputable def Product.hasNoSquares (p : Product) : Bool :=
  match p.squares with
  | [] => true
  | _ :: _ => false

/-- Whether the product, if valid, is positive. -/
noncomputable def Product.isStrict (facts : List Relation) (p : Product) : Bool :=
  every (fun i => (nth facts i).isStrict) p.facts && p.hasNoSquares

/-- The sum of the products and of the multiples of equations. -/
noncomputable def total (facts : List Relation) (multiples : List Multiple) : List Product → Expr
  | [] => equations facts multiples
  | p :: rest => .add (p.value facts) (total facts multiples rest)
where
  equations (facts : List Relation) : List Multiple → Expr
    | [] => .num 0
    | m :: rest => .add (.mul m.factor (nth facts m.equation).excess) (equations facts rest)

/-- Whether the summands cancel, none being negative and one being positive. -/
noncomputable def isLeaf (facts : List Relation) (values : Values) (products : List Product)
    (multiples : List Multiple) : Bool :=
  every (Product.isValid facts) products && any (Product.isStrict facts) products &&
    every (fun m => (nth facts m.equation).isEquation) multiples &&
    vanishes values (total facts multiples products)

/-- Whether facts meet the conditions of a law. -/
noncomputable def areMet (facts : List Relation) (values : Values) :
    List Relation → List Nat → Bool
  | [], _ => true
  | _ :: _, [] => false
  | condition :: conditions, i :: rest =>
    condition.weaker (nth facts i) &&
      vanishes values (.sub condition.excess (nth facts i).excess) &&
      areMet facts values conditions rest

/-- The values with one more variable replaced, in them too. -/
noncomputable def replaced (values : Values) (which : Nat) (value : Expr) : Values :=
  (which, value) :: go values
where
  go : Values → Values
    | [] => []
    | (other, earlier) :: rest => (other, bind [(which, value)] earlier) :: go rest

/-- Whether the equation says that the variable has that value. -/
noncomputable def isValue (facts : List Relation) (values : Values) (which : Nat) (value : Expr)
    (equation : Nat) : Bool :=
  (nth facts equation).isEquation &&
    (vanishes values (.sub (.sub (.var which) value) (nth facts equation).excess) ||
      vanishes values (.add (.sub (.var which) value) (nth facts equation).excess))

/-- Whether the tree refutes the facts. -/
noncomputable def check (laws : List Law) (facts : List Relation) (values : Values) : Tree → Bool
  | .leaf products multiples => isLeaf facts values products multiples
  | .split term nonnegative negative =>
    check laws (.le (.num 0) term :: facts) values nonnegative &&
      check laws (.lt term (.num 0) :: facts) values negative
  | .signs fact positive negative =>
    (nth facts fact).isApart &&
      check laws (.lt (.num 0) (nth facts fact).excess :: facts) values positive &&
      check laws (.lt (nth facts fact).excess (.num 0) :: facts) values negative
  | .have relation proof rest =>
    check laws (relation.negation :: facts) values proof &&
      check laws (relation :: facts) values rest
  | .apply which because rest =>
    areMet facts values (law laws which).conditions because &&
      check laws ((law laws which).conclusion :: facts) values rest
  | .replace which value equation rest =>
    isValue facts values which value equation &&
      check laws facts (replaced values which value) rest

-- Every lemma is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

section Soundness

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

/-- What a relation says of values. -/
def Relation.Holds (context : RArray α) : Relation → Prop
  | le a b => a.denote context ≤ b.denote context
  | lt a b => a.denote context < b.denote context
  | eq a b => a.denote context = b.denote context
  | ne a b => a.denote context ≠ b.denote context

/-- What a law says of values. -/
def Law.Holds (context : RArray α) (one : Law) : Prop :=
  go one.conclusion one.conditions
where
  go (conclusion : Relation) : List Relation → Prop
    | [] => conclusion.Holds context
    | condition :: rest => condition.Holds context → go conclusion rest

/-- All these relations hold. -/
inductive Facts (context : RArray α) : List Relation → Prop
  | nil : Facts context []
  | cons {fact : Relation} {rest : List Relation} (holds : fact.Holds context)
      (others : Facts context rest) : Facts context (fact :: rest)

/-- All these laws hold. -/
inductive Laws (context : RArray α) : List Law → Prop
  | nil : Laws context []
  | cons {one : Law} {rest : List Law} (holds : one.Holds context)
      (others : Laws context rest) : Laws context (one :: rest)

/-- Every replaced variable has the value that replaces it. -/
inductive Valued (context : RArray α) : Values → Prop
  | nil : Valued context []
  | cons {which : Nat} {value : Expr} {rest : Values}
      (holds : context.get which = value.denote context)
      (others : Valued context rest) : Valued context ((which, value) :: rest)

variable {context : RArray α}

theorem denote_neg (a : Expr) : (Expr.neg a).denote context = -a.denote context := rfl

theorem denote_add (a b : Expr) :
    (Expr.add a b).denote context = a.denote context + b.denote context := rfl

theorem denote_sub (a b : Expr) :
    (Expr.sub a b).denote context = a.denote context - b.denote context := rfl

theorem denote_mul (a b : Expr) :
    (Expr.mul a b).denote context = a.denote context * b.denote context := rfl

theorem denote_pow (a : Expr) (k : Nat) :
    (Expr.pow a k).denote context = a.denote context ^ k := rfl

theorem denote_lookup {values : Values} (valued : Valued context values) (x : Nat) :
    (lookup x values).denote context = context.get x := by
  induction valued with
  | nil => rfl
  | @cons other value rest holds _ induction =>
    cases same : Nat.beq other x with
    | true =>
      have found : lookup x ((other, value) :: rest) = value := by simp only [lookup, same]
      rw [found, ← Nat.eq_of_beq_eq_true same, holds]
    | false =>
      have further : lookup x ((other, value) :: rest) = lookup x rest := by
        simp only [lookup, same]
      rw [further, induction]

theorem bind_neg (values : Values) (a : Expr) : bind values (.neg a) = .neg (bind values a) := rfl

theorem bind_add (values : Values) (a b : Expr) :
    bind values (.add a b) = .add (bind values a) (bind values b) := rfl

theorem bind_sub (values : Values) (a b : Expr) :
    bind values (.sub a b) = .sub (bind values a) (bind values b) := rfl

theorem bind_mul (values : Values) (a b : Expr) :
    bind values (.mul a b) = .mul (bind values a) (bind values b) := rfl

theorem bind_pow (values : Values) (a : Expr) (k : Nat) :
    bind values (.pow a k) = .pow (bind values a) k := rfl

theorem denote_bind {values : Values} (valued : Valued context values) (a : Expr) :
    (bind values a).denote context = a.denote context := by
  induction a with
  | num | natCast | intCast => rfl
  | var x => exact denote_lookup valued x
  | neg a ha => simp only [bind_neg, denote_neg, ha]
  | add a b ha hb => simp only [bind_add, denote_add, ha, hb]
  | sub a b ha hb => simp only [bind_sub, denote_sub, ha, hb]
  | mul a b ha hb => simp only [bind_mul, denote_mul, ha, hb]
  | pow a k ha => simp only [bind_pow, denote_pow, ha]

theorem eq_zero_of_vanishes {values : Values} (valued : Valued context values) {a : Expr}
    (h : vanishes values a = true) : a.denote context = 0 := by
  rw [← denote_bind valued a]
  exact denote_eq_zero h

theorem nth_holds {facts : List Relation} (hold : Facts context facts) (i : Nat) :
    (nth facts i).Holds context := by
  induction hold generalizing i with
  | nil => exact rfl
  | cons holds _ induction =>
    cases i with
    | zero => exact holds
    | succ i => exact induction i

theorem law_holds {laws : List Law} (hold : Laws context laws) (i : Nat) :
    (law laws i).Holds context := by
  induction hold generalizing i with
  | nil => exact rfl
  | cons holds _ induction =>
    cases i with
    | zero => exact holds
    | succ i => exact induction i

theorem excess_nonneg {r : Relation} (holds : r.Holds context) (h : r.isInequality = true) :
    0 ≤ r.excess.denote context := by
  cases r with
  | le a b => exact OrderedAdd.sub_nonneg_iff.2 holds
  | lt a b => exact OrderedAdd.sub_nonneg_iff.2 (le_of_lt holds)
  | eq | ne => cases h

theorem excess_pos {r : Relation} (holds : r.Holds context) (h : r.isStrict = true) :
    0 < r.excess.denote context := by
  cases r with
  | lt a b => exact OrderedAdd.sub_pos_iff.2 holds
  | le | eq | ne => cases h

theorem excess_zero {r : Relation} (holds : r.Holds context) (h : r.isEquation = true) :
    r.excess.denote context = 0 := by
  cases r with
  | eq a b => exact AddCommGroup.sub_eq_zero_iff.2 holds
  | le | lt | ne => cases h

theorem excess_ne_zero {r : Relation} (holds : r.Holds context) (h : r.isApart = true) :
    r.excess.denote context ≠ 0 := by
  cases r with
  | ne a b => exact fun zero => holds (AddCommGroup.sub_eq_zero_iff.1 zero)
  | lt a b =>
    have : 0 < (Relation.lt a b).excess.denote context := excess_pos holds rfl
    grind
  | le | eq => cases h

theorem holds_of_weaker {condition known : Relation} (h : condition.weaker known = true)
    (same : condition.excess.denote context = known.excess.denote context)
    (holds : known.Holds context) : condition.Holds context := by
  cases condition with
  | le a b =>
    have : 0 ≤ (Relation.le a b).excess.denote context := by
      rw [same]
      exact excess_nonneg holds (by cases known <;> first | rfl | cases h)
    exact OrderedAdd.sub_nonneg_iff.1 this
  | lt a b =>
    have : 0 < (Relation.lt a b).excess.denote context := by
      rw [same]
      exact excess_pos holds (by cases known <;> first | rfl | cases h)
    exact OrderedAdd.sub_pos_iff.1 this
  | eq a b =>
    have : (Relation.eq a b).excess.denote context = 0 := by
      rw [same]
      exact excess_zero holds (by cases known <;> first | rfl | cases h)
    exact AddCommGroup.sub_eq_zero_iff.1 this
  | ne a b =>
    have : (Relation.ne a b).excess.denote context ≠ 0 := by
      rw [same]
      exact excess_ne_zero holds (by cases known <;> first | rfl | cases h)
    exact fun equal => this (AddCommGroup.sub_eq_zero_iff.2 equal)

theorem negation_holds {r : Relation} (h : ¬ r.Holds context) : r.negation.Holds context := by
  cases r with
  | le a b => exact not_le.1 h
  | lt a b => exact not_lt.1 h
  | eq a b => exact h
  | ne a b => exact Classical.byContradiction h

theorem square_pos {a : α} (h : a ≠ 0) : 0 < a ^ 2 := by
  have : 0 ≤ a ^ 2 := OrderedRing.sq_nonneg
  have : a * a⁻¹ = 1 := Field.mul_inv_cancel h
  by_cases zero : a ^ 2 = 0
  · grind
  · grind

theorem factors_nonneg {facts : List Relation} (hold : Facts context facts) {which : List Nat}
    (h : every (fun i => (nth facts i).isInequality) which = true) :
    0 ≤ (factors facts which).denote context := by
  induction which with
  | nil => exact le_of_lt (OrderedRing.zero_lt_one (R := α))
  | cons i rest induction =>
    simp only [every, Bool.and_eq_true] at h
    exact OrderedRing.mul_nonneg (excess_nonneg (nth_holds hold i) h.1) (induction h.2)

theorem factors_pos {facts : List Relation} (hold : Facts context facts) {which : List Nat}
    (h : every (fun i => (nth facts i).isStrict) which = true) :
    0 < (factors facts which).denote context := by
  induction which with
  | nil => exact OrderedRing.zero_lt_one (R := α)
  | cons i rest induction =>
    simp only [every, Bool.and_eq_true] at h
    exact OrderedRing.mul_pos (excess_pos (nth_holds hold i) h.1) (induction h.2)

theorem apart_pos {facts : List Relation} (hold : Facts context facts) {which : List Nat}
    (h : every (fun i => (nth facts i).isApart) which = true) :
    0 < (apartOf facts which).denote context := by
  induction which with
  | nil => exact OrderedRing.zero_lt_one (R := α)
  | cons i rest induction =>
    simp only [every, Bool.and_eq_true] at h
    exact OrderedRing.mul_pos (square_pos (excess_ne_zero (nth_holds hold i) h.1)) (induction h.2)

theorem squares_nonneg (roots : List Expr) : 0 ≤ (squaresOf roots).denote context := by
  induction roots with
  | nil => exact le_of_lt (OrderedRing.zero_lt_one (R := α))
  | cons root rest induction => exact OrderedRing.mul_nonneg OrderedRing.sq_nonneg induction

theorem times_pos {n : Nat} (h : Nat.blt 0 n = true) : 0 < (Expr.num n).denote context := by
  have positive : (0 : Int) < n := Int.natCast_pos.2 (Nat.le_of_ble_eq_true h)
  have := OrderedRing.pos_intCast_of_pos (R := α) n positive
  rw [← CommRing.denoteInt_eq] at this
  exact this

theorem product_nonneg {facts : List Relation} (hold : Facts context facts) {p : Product}
    (h : p.isValid facts = true) : 0 ≤ (p.value facts).denote context := by
  simp only [Product.isValid, Bool.and_eq_true] at h
  exact OrderedRing.mul_nonneg
    (OrderedRing.mul_nonneg (le_of_lt (times_pos (context := context) h.1.1))
      (OrderedRing.mul_nonneg (le_of_lt (apart_pos hold h.2)) (squares_nonneg _)))
    (factors_nonneg hold h.1.2)

theorem product_pos {facts : List Relation} (hold : Facts context facts) {p : Product}
    (h : p.isValid facts = true) (strict : p.isStrict facts = true) :
    0 < (p.value facts).denote context := by
  simp only [Product.isValid, Bool.and_eq_true] at h
  simp only [Product.isStrict, Bool.and_eq_true] at strict
  have none : 0 < (squaresOf p.squares).denote context := by
    have empty := strict.2
    unfold Product.hasNoSquares at empty
    cases roots : p.squares with
    | nil => exact OrderedRing.zero_lt_one (R := α)
    | cons => rw [roots] at empty; cases empty
  exact OrderedRing.mul_pos
    (OrderedRing.mul_pos (times_pos (context := context) h.1.1)
      (OrderedRing.mul_pos (apart_pos hold h.2) none))
    (factors_pos hold strict.1)

theorem equations_zero {facts : List Relation} (hold : Facts context facts)
    {multiples : List Multiple}
    (h : every (fun m => (nth facts m.equation).isEquation) multiples = true) :
    (total.equations facts multiples).denote context = 0 := by
  induction multiples with
  | nil => rfl
  | cons m rest induction =>
    simp only [every, Bool.and_eq_true] at h
    have zero := excess_zero (nth_holds hold m.equation) h.1
    have others := induction h.2
    simp only [total.equations, denote_add, denote_mul, zero, others]
    grind

theorem total_nonneg {facts : List Relation} (hold : Facts context facts)
    {multiples : List Multiple}
    (equations : every (fun m => (nth facts m.equation).isEquation) multiples = true)
    {products : List Product} (valid : every (Product.isValid facts) products = true) :
    0 ≤ (total facts multiples products).denote context ∧
      (any (Product.isStrict facts) products = true →
        0 < (total facts multiples products).denote context) := by
  induction products with
  | nil =>
    refine ⟨?_, fun strict => by cases strict⟩
    rw [total, equations_zero hold equations]
    exact le_refl _
  | cons p rest induction =>
    simp only [every, Bool.and_eq_true] at valid
    have one := product_nonneg hold valid.1
    have others := induction valid.2
    have sum : (total facts multiples (p :: rest)).denote context =
      (p.value facts).denote context + (total facts multiples rest).denote context := rfl
    rw [sum]
    refine ⟨by grind, fun strict => ?_⟩
    simp only [any, Bool.or_eq_true] at strict
    rcases strict with strict | strict
    · have := product_pos hold valid.1 strict
      grind
    · have := others.2 strict
      grind

theorem leaf_sound {facts : List Relation} {values : Values} {products : List Product}
    {multiples : List Multiple} (h : isLeaf facts values products multiples = true)
    (hold : Facts context facts) (valued : Valued context values) : False := by
  simp only [isLeaf, Bool.and_eq_true] at h
  have positive := (total_nonneg hold h.1.2 h.1.1.1).2 h.1.1.2
  rw [eq_zero_of_vanishes valued h.2] at positive
  grind

theorem conclusion_holds {facts : List Relation} {values : Values} (hold : Facts context facts)
    (valued : Valued context values) (conclusion : Relation) {conditions : List Relation}
    {because : List Nat} (h : areMet facts values conditions because = true)
    (law : Law.Holds.go context conclusion conditions) : conclusion.Holds context := by
  induction conditions generalizing because with
  | nil => exact law
  | cons condition conditions induction =>
    cases because with
    | nil => cases h
    | cons i rest =>
      simp only [areMet, Bool.and_eq_true] at h
      have same := eq_zero_of_vanishes valued h.1.2
      have same := AddCommGroup.sub_eq_zero_iff.1 same
      exact induction h.2 (law (holds_of_weaker h.1.1 same (nth_holds hold i)))

theorem replaced_valued {values : Values} (valued : Valued context values) {which : Nat}
    {value : Expr} (h : context.get which = value.denote context) :
    Valued context (replaced values which value) := by
  refine .cons h ?_
  have single : Valued context [(which, value)] := .cons h .nil
  induction valued with
  | nil => exact .nil
  | cons holds _ induction => exact .cons (holds.trans (denote_bind single _).symm) induction

theorem value_holds {facts : List Relation} {values : Values} (hold : Facts context facts)
    (valued : Valued context values) {which : Nat} {value : Expr} {equation : Nat}
    (h : isValue facts values which value equation = true) :
    context.get which = value.denote context := by
  simp only [isValue, Bool.and_eq_true, Bool.or_eq_true] at h
  have zero := excess_zero (nth_holds hold equation) h.1
  have var : (Expr.var which).denote context = context.get which := rfl
  rcases h.2 with h | h
  all_goals
    have same := eq_zero_of_vanishes valued h
    simp only [denote_sub, denote_add, zero, var] at same
    grind

theorem check_sound {laws : List Law} (lawful : Laws context laws) {tree : Tree}
    {facts : List Relation} {values : Values} (h : check laws facts values tree = true)
    (hold : Facts context facts) (valued : Valued context values) : False := by
  induction tree generalizing facts values with
  | leaf products multiples => exact leaf_sound h hold valued
  | split term _ _ nonnegative negative =>
    simp only [check, Bool.and_eq_true] at h
    rcases le_total (a := 0) (b := term.denote context) with sign | sign
    · exact nonnegative h.1 (.cons sign hold) valued
    · by_cases zero : 0 ≤ term.denote context
      · exact nonnegative h.1 (.cons zero hold) valued
      · exact negative h.2 (.cons (not_le.1 zero) hold) valued
  | signs fact _ _ positive negative =>
    simp only [check, Bool.and_eq_true] at h
    have apart := excess_ne_zero (nth_holds hold fact) h.1.1
    by_cases sign : 0 < (nth facts fact).excess.denote context
    · exact positive h.1.2 (.cons sign hold) valued
    · have : (nth facts fact).excess.denote context < 0 := by grind
      exact negative h.2 (.cons this hold) valued
  | «have» relation _ _ proof rest =>
    simp only [check, Bool.and_eq_true] at h
    by_cases holds : relation.Holds context
    · exact rest h.2 (.cons holds hold) valued
    · exact proof h.1 (.cons (negation_holds holds) hold) valued
  | apply which because _ rest =>
    simp only [check, Bool.and_eq_true] at h
    have holds := conclusion_holds hold valued _ h.1 (law_holds lawful which)
    exact rest h.2 (.cons holds hold) valued
  | replace which value equation _ rest =>
    simp only [check, Bool.and_eq_true] at h
    exact rest h.2 hold (replaced_valued valued (value_holds hold valued h.1))

/-- Where the checker computes to `true`, laws and facts do not hold together. -/
theorem refuted {laws : List Law} {facts : List Relation} {tree : Tree}
    (checked : check laws facts [] tree = true) (lawful : Laws context laws)
    (hold : Facts context facts) : False :=
  check_sound lawful checked hold .nil

end Soundness

/-! ### Laws -/

section Order

variable {α : Type u} [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α]

theorem le_of_refuted {a b : α} (h : b < a → False) : a ≤ b :=
  Classical.byContradiction fun goal => h (not_le.1 goal)

theorem lt_of_refuted {a b : α} (h : b ≤ a → False) : a < b :=
  Classical.byContradiction fun goal => h (not_lt.1 goal)

theorem eq_of_refuted {a b : α} (h : a ≠ b → False) : a = b :=
  Classical.byContradiction h

theorem ne_of_refuted {a b : α} (h : a = b → False) : a ≠ b :=
  h

theorem le_of_eq {a b : α} (h : a = b) : a ≤ b := by
  rw [h]
  exact le_refl _

theorem ne_of_pos [Zero α] {a : α} (h : 0 < a) : a ≠ 0 := by
  intro zero
  rw [zero] at h
  exact not_lt.2 (le_refl _) h

theorem ne_of_neg [Zero α] {a : α} (h : a < 0) : a ≠ 0 := by
  intro zero
  rw [zero] at h
  exact not_lt.2 (le_refl _) h

theorem ne_of_ne [Zero α] {a : α} (h : a ≠ 0) : a ≠ 0 :=
  h

theorem max_left [Max α] [LawfulOrderMax α] {a b : α} (h : b ≤ a) : max a b = a := by
  rcases max_cases a b with ⟨e, _⟩ | ⟨e, h'⟩
  · exact e
  · exact e.trans (le_antisymm h h')

theorem max_right [Max α] [LawfulOrderMax α] {a b : α} (h : a ≤ b) : max a b = b := by
  rcases max_cases a b with ⟨e, h'⟩ | ⟨e, _⟩
  · exact e.trans (le_antisymm h h')
  · exact e

theorem min_left [Min α] [LawfulOrderMin α] {a b : α} (h : a ≤ b) : min a b = a := by
  rcases min_cases a b with ⟨e, _⟩ | ⟨e, h'⟩
  · exact e
  · exact e.trans (le_antisymm h' h)

theorem min_right [Min α] [LawfulOrderMin α] {a b : α} (h : b ≤ a) : min a b = b := by
  rcases min_cases a b with ⟨e, h'⟩ | ⟨e, _⟩
  · exact e.trans (le_antisymm h' h)
  · exact e

theorem max_bound_left [Max α] [LawfulOrderMax α] {a b : α} : a ≤ max a b :=
  ((LawfulOrderSup.max_le_iff a b (max a b)).1 (le_refl _)).1

theorem max_bound_right [Max α] [LawfulOrderMax α] {a b : α} : b ≤ max a b :=
  ((LawfulOrderSup.max_le_iff a b (max a b)).1 (le_refl _)).2

theorem min_bound_left [Min α] [LawfulOrderMin α] {a b : α} : min a b ≤ a :=
  ((LawfulOrderInf.le_min_iff (min a b) a b).1 (le_refl _)).1

theorem min_bound_right [Min α] [LawfulOrderMin α] {a b : α} : min a b ≤ b :=
  ((LawfulOrderInf.le_min_iff (min a b) a b).1 (le_refl _)).2

theorem select_left {a b x y : α} (h : a ≤ b) : select a b x y = x := by
  unfold select
  exact if_pos h

theorem select_right {a b x y : α} (h : b < a) : select a b x y = y := by
  unfold select
  exact if_neg (not_le.2 h)

end Order

section Field

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem max_is_either [Max α] [LawfulOrderMax α] {a b : α} :
    (max a b - a) * (max a b - b) = 0 := by
  rcases max_cases a b with ⟨e, _⟩ | ⟨e, _⟩ <;> rw [e] <;> grind

theorem min_is_either [Min α] [LawfulOrderMin α] {a b : α} :
    (min a b - a) * (min a b - b) = 0 := by
  rcases min_cases a b with ⟨e, _⟩ | ⟨e, _⟩ <;> rw [e] <;> grind

theorem abs_left [Max α] [LawfulOrderMax α] {a : α} (h : 0 ≤ a) : abs a = a :=
  max_left (by grind)

theorem abs_right [Max α] [LawfulOrderMax α] {a : α} (h : a ≤ 0) : abs a = -a :=
  max_right (by grind)

theorem abs_bound_left [Max α] [LawfulOrderMax α] {a : α} : a ≤ abs a :=
  max_bound_left

theorem abs_bound_right [Max α] [LawfulOrderMax α] {a : α} : -a ≤ abs a :=
  max_bound_right

theorem abs_is_either [Max α] [LawfulOrderMax α] {a : α} : (abs a - a) * (abs a - -a) = 0 :=
  max_is_either

theorem div_mul_ne {n d : α} (h : d ≠ 0) : n / d * d = n := by
  have := Field.mul_inv_cancel h
  rw [Field.div_eq_mul_inv]
  grind

theorem div_mul_pos {n d : α} (h : 0 < d) : n / d * d = n :=
  div_mul_ne (ne_of_pos h)

theorem div_mul_neg {n d : α} (h : d < 0) : n / d * d = n :=
  div_mul_ne (ne_of_neg h)

theorem mul_ne_zero {a b : α} (ha : a ≠ 0) (hb : b ≠ 0) : a * b ≠ 0 := by
  have := Field.mul_inv_cancel ha
  grind

theorem share_mul {a b : α} (ha : 0 ≤ a) (hb : 0 ≤ b) : a = a / (a + b) * (a + b) := by
  by_cases zero : a + b = 0
  · have : a = 0 := le_antisymm (by grind) ha
    rw [zero]
    grind
  · exact (div_mul_ne zero).symm

theorem share_nonneg {a b : α} (ha : 0 ≤ a) (hb : 0 ≤ b) : 0 ≤ a / (a + b) := by
  by_cases zero : a + b = 0
  · rw [zero, Field.div_eq_mul_inv, Field.inv_zero]
    grind
  · refine le_of_refuted fun negative => ?_
    have positive : 0 < a + b := by grind
    have := OrderedRing.mul_neg_of_neg_of_pos negative positive
    have := div_mul_ne (n := a) zero
    grind

theorem share_le_one {a b : α} (ha : 0 ≤ a) (hb : 0 ≤ b) : a / (a + b) ≤ 1 := by
  have first := share_mul ha hb
  by_cases zero : a + b = 0
  · rw [zero, Field.div_eq_mul_inv, Field.inv_zero]
    have := OrderedRing.zero_lt_one (R := α)
    grind
  · refine le_of_refuted fun large => ?_
    have positive : 0 < a + b := by grind
    have := OrderedRing.mul_pos (by grind : 0 < a / (a + b) - 1) positive
    grind

end Field

end Algebra

end Refsem
