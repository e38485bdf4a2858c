/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that speaks of a network.
-/
module

public import Refsem.Packed

@[expose] public section

/-!
# Columns: all forms of a layer at once

What is computed when forms are pushed back through layers (`Refsem.Crown` says what for), and what
it says of the integers that packed numbers stand for.

All forms of a layer, two a neuron, are pushed back together: a column holds the coefficients of
one variable in all of them, packed into one number (`Refsem.Packed`). A weight is multiplied with
a whole column, and the signs of coefficients are taken apart by masks. That the digits of all
columns have room for what is computed is checked.

The functions are written with recursors, continuations and the operations of `Nat` that the kernel
computes with directly: that is what makes a network of thousands of weights a matter of a minute.

## Main statements

* `columnSum_sound`, `affineBack_sound`: the columns of an affine layer are its products.
* `addMultiple_sound`: the constants of all forms, and a bound of them.
* `digits_eq`: the values of all forms, unpacked.
-/

open Lean.Grind Std

namespace Refsem

attribute [local instance] Lean.Grind.Ring.intCast

/-- The box of each neuron of a layer before its activation, and the slopes of the lines below and
above it, over 2^30. -/
inductive Neurons where
  | nil
  | cons (l h : Int) (below above : Nat) (others : Neurons)

/-- The boxes alone. -/
noncomputable def Neurons.ends : Neurons → List (Int × Int) :=
  Neurons.rec [] (fun l h _ _ _ more => (l, h) :: more)

/-- A layer whose boxes are known. -/
structure Known where
  relu : Bool
  width : Nat
  rows : List Nat
  neurons : Neurons

/-- The problem: the input box over its scale, the scale of every other box; digits are to the base
two to `bits`, and rounded coefficients below two to `size`. -/
structure Problem where
  input : List (Int × Int)
  inputScale : Nat
  scale : Nat
  bits : Nat
  size : Nat

/-- The coefficients of some variables in all forms, packed; each a difference. -/
inductive Columns where
  | nil
  | cons (plus minus : Nat) (others : Columns)

/-! ### An affine layer -/

/-- The scale of slopes. -/
def slopeOne : Nat :=
  2 ^ 30

/-- The scale of coefficients before an activation. -/
def formOne : Nat :=
  2 ^ 90

/-- No value of a pattern is larger than this. -/
def largest : Nat :=
  2 ^ 278

/-- Adds what the lowest words of the rows make of the columns, and asks `next` of the sum. -/
noncomputable def columnSum (next : Nat → Nat → Bool) : Columns → List Nat → Nat → Nat → Bool :=
  Columns.rec (motive := fun _ => List Nat → Nat → Nat → Bool)
    (fun _ plus minus => next plus minus)
    (fun a b _ more rows plus minus =>
      List.rec (next plus minus)
        (fun row others _ => Bool.rec
          (more others (Nat.add plus (Nat.mul (magnitude (word row)) b))
            (Nat.add minus (Nat.mul (magnitude (word row)) a)))
          (more others (Nat.add plus (Nat.mul (magnitude (word row)) a))
            (Nat.add minus (Nat.mul (magnitude (word row)) b)))
          (isPositive (word row))) rows)

/-- The rows without their lowest words. -/
noncomputable def advance : List Nat → List Nat :=
  List.rec [] (fun row _ more => rest row :: more)

/-- The columns that so many words of the rows make of columns, rounded down. -/
noncomputable def affineBack (bits count size : Nat) (columns : Columns) :
    Nat → List Nat → (Columns → Bool) → Bool :=
  Nat.rec (motive := fun _ => List Nat → (Columns → Bool) → Bool)
    (fun _ next => next .nil)
    (fun _ more rows next =>
      columnSum (fun plus minus => part bits count size plus minus (fun over under =>
        more (advance rows) (fun others => next (.cons over under others)))) columns rows 0 0)

/-- Whether digits have room for what the rows make of columns. -/
noncomputable def roomy (p : Problem) (rows : List Nat) : Bool :=
  (Nat.ble (Nat.add p.size dropped) p.bits).and
    (Nat.ble (Nat.add (Nat.mul rows.length (Nat.mul (Nat.pow 2 (Nat.add 31 p.size)) largest))
      (Nat.pow 2 (Nat.add p.size dropped))) (Nat.pow 2 p.bits))

/-- Pushes forms back through an affine layer: its constants go to the sum of constants, of which
`total` bounds the digits. -/
noncomputable def affineSplit (p : Problem) (count width : Nat) (rows : List Nat)
    (columns : Columns) (plus minus total : Nat) (next : Columns → Nat → Nat → Nat → Bool) :
    Bool :=
  (roomy p rows).and (affineBack p.bits count p.size columns (Nat.succ width) rows
    (Columns.rec false (fun over under others _ =>
      next others (Nat.add plus (Nat.mul (Nat.mul p.scale slopeOne) over))
        (Nat.add minus (Nat.mul (Nat.mul p.scale slopeOne) under))
        (Nat.add total (Nat.mul p.scale slopeOne)))))

/-! ### Lines -/

/-- The activation of an integer. -/
def activate (relu : Bool) (l : Int) : Int :=
  match relu, l with
  | true, .negSucc _ => 0
  | _, l => l

/-- The lesser of two integers. -/
def lesser (a b : Int) : Int :=
  match Int.sub a b with
  | .ofNat _ => b
  | .negSucc _ => a

/-- What a line of slope `d` misses of a multiple of the activation at an end. -/
def missed (relu : Bool) (c d l : Int) : Int :=
  Int.sub (Int.mul c (activate relu l)) (Int.mul d l)

/-- The greatest intercept of a line below a multiple of the activation. -/
def intercept (relu : Bool) (l h c d : Int) : Int :=
  match relu, l with
  | true, .negSucc _ => lesser 0 (lesser (missed relu c d l) (missed relu c d h))
  | _, _ => lesser (missed relu c d l) (missed relu c d h)

/-- Adds a multiple of a column to the constants. -/
noncomputable def addMultiple (i : Int) (x plus minus total : Nat)
    (next : Nat → Nat → Nat → Bool) : Bool :=
  Int.rec (fun n => next (Nat.add plus (Nat.mul n x)) minus (Nat.add total n))
    (fun n => next plus (Nat.add minus (Nat.mul (Nat.succ n) x)) (Nat.add total (Nat.succ n))) i

/-- Pushes forms back through activations; `one` has the digits 1. -/
noncomputable def activationBack (relu : Bool) (one : Nat) :
    Neurons → Columns → Nat → Nat → Nat → (Columns → Nat → Nat → Nat → Bool) → Bool :=
  Neurons.rec (motive := fun _ => Columns → Nat → Nat → Nat →
      (Columns → Nat → Nat → Nat → Bool) → Bool)
    (fun _ plus minus total next => next .nil plus minus total)
    (fun l h below above _ more columns plus minus total next =>
      Columns.rec (next .nil plus minus total)
        (fun over under others _ =>
          addMultiple (intercept relu l h (Int.ofNat slopeOne) (Int.ofNat below)) over plus minus
            total fun plus minus total =>
          addMultiple
            (intercept relu l h (Int.neg (Int.ofNat slopeOne)) (Int.neg (Int.ofNat above)))
            under plus minus total fun plus minus total =>
          addMultiple (Int.mul (Int.ofNat slopeOne) (lesser 0 (activate relu l))) one plus minus
            total fun plus minus total =>
          more others plus minus total fun columns =>
            next (.cons (Nat.mul below over) (Nat.mul above under) columns)) columns)

/-- Whether all slopes are at most 2. -/
noncomputable def modest : Neurons → Bool :=
  Neurons.rec true (fun _ _ below above _ more =>
    (Nat.ble below (Nat.pow 2 31)).and ((Nat.ble above (Nat.pow 2 31)).and more))

/-! ### Bounds -/

/-- The boxes after the activation. -/
noncomputable def activated (relu : Bool) : Neurons → List (Int × Int) :=
  Neurons.rec [] (fun l h _ _ _ more => (activate relu l, activate relu h) :: more)

/-- Evaluates forms, their coefficients times a factor, over a box. -/
noncomputable def evaluate (factor : Int) (one : Nat) (next : Nat → Nat → Nat → Bool) :
    List (Int × Int) → Columns → Nat → Nat → Nat → Bool :=
  List.rec (motive := fun _ => Columns → Nat → Nat → Nat → Bool)
    (fun _ plus minus total => next plus minus total)
    (fun ends _ more columns plus minus total =>
      Columns.rec (next plus minus total)
        (fun over under others _ =>
          addMultiple (Int.mul factor ends.1) over plus minus total fun plus minus total =>
          addMultiple (Int.neg (Int.mul factor ends.2)) under plus minus total
            fun plus minus total =>
          addMultiple (Int.mul factor (lesser 0 ends.1)) one plus minus total
            fun plus minus total =>
          more others plus minus total) columns)

/-- The values of forms, times a factor, by so many layers of pushing them back. -/
noncomputable def descend (p : Problem) (count : Nat) : List Known → Nat → Columns → Nat → Nat →
    Nat → (Nat → Nat → Nat → Nat → Bool) → Bool
  | [], _, columns, plus, minus, total, next =>
    evaluate (Int.ofNat (Nat.mul slopeOne p.scale)) (ones p.bits count) (next p.inputScale) p.input
      columns (Nat.mul p.inputScale plus) (Nat.mul p.inputScale minus) (Nat.mul p.inputScale total)
  | known :: _, 0, columns, plus, minus, total, next =>
    evaluate (Int.ofNat slopeOne) (ones p.bits count) (next 1)
      (activated known.relu known.neurons) columns plus minus total
  | known :: earlier, depth + 1, columns, plus, minus, total, next =>
    (modest known.neurons).and
    (activationBack known.relu (ones p.bits count) known.neurons columns plus minus total
      fun columns plus minus total =>
        affineSplit p count known.width known.rows columns plus minus total
          fun columns plus minus total =>
            descend p count earlier depth columns plus minus total next)

/-- The forms that are the neurons themselves and their negations. -/
noncomputable def identity (base : Nat) : List Nat → Nat → Columns :=
  List.rec (motive := fun _ => Nat → Columns) (fun _ => .nil)
    (fun _ _ more power => .cons (Nat.mul formOne power) (Nat.mul formOne (Nat.mul power base))
      (more (Nat.mul (Nat.mul power base) base)))

/-- The digits of a difference. -/
noncomputable def digits (bits count plus minus : Nat) : List Int :=
  unpack (Int.ofNat (Nat.pow 2 bits)) (Int.ofNat (Nat.pow 2 (Nat.sub bits 1))) count
    (Int.add (Int.sub (Int.ofNat plus) (Int.ofNat minus)) (halves (Int.ofNat (Nat.pow 2 bits))
      (Int.ofNat (Nat.pow 2 (Nat.sub bits 1))) count))

/-- Whether digits have room for the constants. -/
noncomputable def fits (p : Problem) (total : Nat) : Bool :=
  Nat.ble (Nat.mul (Nat.mul total (Nat.pow 2 p.size)) 4) (Nat.pow 2 p.bits)

/-- Whether each end is confirmed by one of two values. -/
def hold (f₀ f₁ : Int) : List Nat → Neurons → List Int → List Int → Bool
  | [], .nil, _, _ => true
  | _ :: rows, .cons l h _ _ others, a₀ :: b₀ :: v₀, a₁ :: b₁ :: v₁ =>
    ((decide (Int.mul f₀ l ≤ a₀)).or (decide (Int.mul f₁ l ≤ a₁))).and
      (((decide (Int.mul f₀ (-h) ≤ b₀)).or (decide (Int.mul f₁ (-h) ≤ b₁))).and
      (hold f₀ f₁ rows others v₀ v₁))
  | _, _, _, _ => false

/-- Whether the boxes hold, by one step or by that many layers of pushing forms back. -/
noncomputable def boundsChecked (p : Problem) (count : Nat) (earlier : List Known) (depth : Nat)
    (rows : List Nat) (neurons : Neurons) (columns : Columns) (plus minus total : Nat) : Bool :=
  descend p count earlier 0 columns plus minus total fun f₀ plus₀ minus₀ total₀ =>
  descend p count earlier depth columns plus minus total fun f₁ plus₁ minus₁ total₁ =>
    (fits p total₀).and ((fits p total₁).and
      (hold (Int.ofNat (Nat.mul f₀ formOne)) (Int.ofNat (Nat.mul f₁ formOne)) rows neurons
        (digits p.bits count plus₀ minus₀) (digits p.bits count plus₁ minus₁)))

/-- Whether the boxes of the rows of a layer hold. -/
noncomputable def layerChecked (p : Problem) (earlier : List Known) (depth width : Nat)
    (rows : List Nat) (neurons : Neurons) : Bool :=
  (Nat.ble 59 p.size).and
  (affineSplit p (Nat.mul 2 rows.length) width rows (identity (Nat.pow 2 p.bits) rows 1) 0 0 0
    (boundsChecked p (Nat.mul 2 rows.length) earlier depth rows neurons))

/-! ### What columns stand for -/

theorem magnitude_le (bits : Nat) : magnitude bits ≤ largest := by
  unfold magnitude largest
  have fraction : Nat.land bits 8388607 ≤ 8388607 := Nat.and_le_right
  have field : Nat.land (Nat.shiftRight bits 23) 255 ≤ 255 := Nat.and_le_right
  split
  · have : (8388607 : Nat) ≤ 2 ^ 278 := by decide +kernel
    omega
  · next exponent equal =>
    rw [equal] at field
    have shifted : Nat.shiftLeft (Nat.add (Nat.land bits 8388607) 8388608) exponent =
        (Nat.land bits 8388607 + 8388608) * 2 ^ exponent := Nat.shiftLeft_eq _ _
    rw [shifted]
    have h₁ : (Nat.land bits 8388607 + 8388608) * 2 ^ exponent ≤ 2 ^ 24 * 2 ^ exponent :=
      Nat.mul_le_mul_right _ (by omega)
    have h₂ : 2 ^ 24 * 2 ^ exponent ≤ 2 ^ 24 * 2 ^ 254 :=
      Nat.mul_le_mul_left _ (Nat.pow_le_pow_right (by omega) (by omega))
    have h₃ : (2 ^ 24 * 2 ^ 254 : Nat) ≤ 2 ^ 278 := by decide +kernel
    exact Nat.le_trans h₁ (Nat.le_trans h₂ h₃)

theorem natAbs_value_le (bits : Nat) : (value bits).natAbs ≤ largest := by
  have := magnitude_le bits
  unfold value
  split <;> simpa using this

/-- Each column stands for the coefficients of one variable, none greater than the limit. -/
def Stands (bits count limit : Nat) : Columns → List (Nat → Int) → Prop
  | .nil, [] => True
  | .cons plus minus others, f :: fs =>
    (plus : Int) - (minus : Int) = pack (base bits) count f ∧
      (∀ r, r < count → (f r).natAbs ≤ limit) ∧ Stands bits count limit others fs
  | _, _ => False

/-- Each column stands for coefficients, rounded down. -/
def Parted (bits count size : Nat) : Columns → List (Nat → Int) → Prop
  | .nil, [] => True
  | .cons over under others, t :: ts =>
    Part bits count size over under t ∧ Parted bits count size others ts
  | _, _ => False

/-- The sum of coefficients times the values of the lowest words. -/
def columnAt : List (Nat → Int) → List Nat → Nat → Int
  | f :: fs, row :: rows, r => value (word row) * f r + columnAt fs rows r
  | _, _, _ => 0

/-- The columns of so many words of the rows. -/
noncomputable def products (fs : List (Nat → Int)) : Nat → List Nat → List (Nat → Int)
  | 0, _ => []
  | width + 1, rows => columnAt fs rows :: products fs width (advance rows)

theorem length_advance : ∀ rows : List Nat, (advance rows).length = rows.length
  | [] => rfl
  | row :: rows => by
    have : advance (row :: rows) = rest row :: advance rows := rfl
    rw [this, List.length_cons, List.length_cons, length_advance rows]

theorem columnAt_nil (fs : List (Nat → Int)) (r : Nat) : columnAt fs [] r = 0 := by
  cases fs <;> rfl

theorem columnSum_sound {bits count limit : Nat} {next : Nat → Nat → Bool} :
    ∀ {columns : Columns} {fs : List (Nat → Int)} {rows : List Nat} {plus minus : Nat}
      {t : Nat → Int}, Stands bits count limit columns fs →
      (plus : Int) - (minus : Int) = pack (base bits) count t →
      columnSum next columns rows plus minus = true →
      ∃ plus' minus' : Nat, next plus' minus' = true ∧
        (plus' : Int) - (minus' : Int) = pack (base bits) count (fun r => t r + columnAt fs rows r)
  | .nil, [], rows, plus, minus, t, _, equal, checked => by
    refine ⟨plus, minus, checked, ?_⟩
    rw [equal]
    exact pack_congr fun r _ => by simp [columnAt]
  | .cons a b others, f :: fs, [], plus, minus, t, _, equal, checked => by
    refine ⟨plus, minus, checked, ?_⟩
    rw [equal]
    exact pack_congr fun r _ => by simp [columnAt]
  | .cons a b others, f :: fs, row :: rows, plus, minus, t, stands, equal, checked => by
    obtain ⟨here, _, there⟩ := stands
    have step : ∀ plus' minus' : Nat,
        (plus' : Int) - (minus' : Int) =
          (plus : Int) - minus + value (word row) * ((a : Int) - b) →
        columnSum next others rows plus' minus' = true →
        ∃ plus' minus' : Nat, next plus' minus' = true ∧ (plus' : Int) - (minus' : Int) =
          pack (base bits) count (fun r => t r + columnAt (f :: fs) (row :: rows) r) := by
      intro plus' minus' equal' checked'
      have packed : (plus' : Int) - (minus' : Int) =
          pack (base bits) count (fun r => t r + value (word row) * f r) := by
        rw [pack_add, pack_mul, ← here, ← equal, equal']
      obtain ⟨plus'', minus'', more, sum⟩ := columnSum_sound there packed checked'
      refine ⟨plus'', minus'', more, ?_⟩
      rw [sum]
      exact pack_congr fun r _ => by simp only [columnAt]; omega
    cases sign : isPositive (word row) with
    | true =>
      refine step (plus + magnitude (word row) * a) (minus + magnitude (word row) * b) ?_ ?_
      · rw [value_of_positive sign]
        simp only [Int.natCast_add, Int.natCast_mul]
        grind
      · simp only [columnSum, sign] at checked
        exact checked
    | false =>
      refine step (plus + magnitude (word row) * b) (minus + magnitude (word row) * a) ?_ ?_
      · rw [value_of_negative sign]
        simp only [Int.natCast_add, Int.natCast_mul]
        grind
      · simp only [columnSum, sign] at checked
        exact checked

theorem natAbs_columnAt_le {bits count limit : Nat} {r : Nat} (below : r < count) :
    ∀ {columns : Columns} {fs : List (Nat → Int)} {rows : List Nat},
      Stands bits count limit columns fs →
      (columnAt fs rows r).natAbs ≤ rows.length * (limit * largest)
  | .nil, [], rows, _ => by simp [columnAt]
  | .cons _ _ _, f :: fs, [], _ => by simp [columnAt]
  | .cons _ _ others, f :: fs, row :: rows, stands => by
    obtain ⟨_, small, there⟩ := stands
    have more := natAbs_columnAt_le below (rows := rows) there
    have product : (value (word row) * f r).natAbs ≤ limit * largest := by
      rw [Int.natAbs_mul, Nat.mul_comm limit]
      exact Nat.mul_le_mul (natAbs_value_le _) (small r below)
    have sum := Int.natAbs_add_le (value (word row) * f r) (columnAt fs rows r)
    simp only [columnAt, List.length_cons]
    rw [Nat.add_mul, Nat.one_mul]
    generalize limit * largest = x at *
    generalize rows.length * x = y at *
    omega

theorem affineBack_sound {bits count size limit height : Nat} {columns : Columns}
    {fs : List (Nat → Int)} (room : size + dropped ≤ bits)
    (space : height * (limit * largest) + 2 ^ (size + dropped) ≤ 2 ^ bits)
    (stands : Stands bits count limit columns fs) :
    ∀ {width : Nat} {rows : List Nat} {next : Columns → Bool}, rows.length = height →
      affineBack bits count size columns width rows next = true →
      ∃ found : Columns, next found = true ∧ Parted bits count size found (products fs width rows)
  | 0, _, _, _, checked => ⟨.nil, checked, True.intro⟩
  | width + 1, rows, next, length, checked => by
    have none : ((0 : Nat) : Int) - ((0 : Nat) : Int) = pack (base bits) count (fun _ => 0) := by
      rw [pack_zero]; rfl
    obtain ⟨plus, minus, parts, sum⟩ := columnSum_sound (rows := rows) stands none checked
    have same : (fun r => 0 + columnAt fs rows r) = columnAt fs rows := by
      funext r
      exact Int.zero_add _
    rw [same] at sum
    obtain ⟨over, under, more, first⟩ := part_sound (limit := height * (limit * largest)) room
      space (fun r below => by rw [← length]; exact natAbs_columnAt_le below stands) sum parts
    obtain ⟨others, asked, parted⟩ := affineBack_sound room space stands
      (by rw [length_advance]; exact length) more
    exact ⟨.cons over under others, asked, first, parted⟩

/-! ### Constants -/

/-- The constants stand for those of all forms, none greater than a bound. -/
def Counted (bits count size plus minus total : Nat) (q : Nat → Int) : Prop :=
  (plus : Int) - (minus : Int) = pack (base bits) count q ∧
    ∀ r, r < count → (q r).natAbs ≤ total * 2 ^ size

theorem natAbs_small {size : Nat} {x : Int} (small : 0 ≤ x ∧ x < base size) :
    x.natAbs ≤ 2 ^ size := by
  have : base size = ((2 ^ size : Nat) : Int) := rfl
  rw [this] at small
  generalize 2 ^ size = y at *
  omega

theorem counted_add {bits count size plus minus total plus' minus' n : Nat} {q p : Nat → Int}
    {i x : Int} (counted : Counted bits count size plus minus total q)
    (digits : x = pack (base bits) count p) (small : ∀ r, r < count → (p r).natAbs ≤ 2 ^ size)
    (sum : (plus' : Int) - (minus' : Int) = (plus : Int) - minus + i * x) (bound : i.natAbs = n) :
    Counted bits count size plus' minus' (total + n) (fun r => q r + i * p r) := by
  constructor
  · rw [sum, counted.1, digits, pack_add, pack_mul]
  · intro r below
    have first := counted.2 r below
    have second := small r below
    have product : (i * p r).natAbs ≤ n * 2 ^ size := by
      rw [Int.natAbs_mul, bound]
      exact Nat.mul_le_mul (Nat.le_refl _) second
    have sum := Int.natAbs_add_le (q r) (i * p r)
    have split : (total + n) * 2 ^ size = total * 2 ^ size + n * 2 ^ size := Nat.add_mul ..
    have : (q r + i * p r).natAbs ≤ (total + n) * 2 ^ size := by
      rw [split]
      exact Nat.le_trans sum (Nat.add_le_add first product)
    exact this

theorem addMultiple_sound {bits count size plus minus total x : Nat} {q p : Nat → Int} {i : Int}
    {next : Nat → Nat → Nat → Bool} (counted : Counted bits count size plus minus total q)
    (digits : (x : Int) = pack (base bits) count p) (small : Small count size p)
    (checked : addMultiple i x plus minus total next = true) :
    ∃ plus' minus' total' : Nat, next plus' minus' total' = true ∧
      Counted bits count size plus' minus' total' (fun r => q r + i * p r) := by
  cases i with
  | ofNat n =>
    refine ⟨plus + n * x, minus, total + n, checked, counted_add counted digits
      (fun r below => natAbs_small (small r below)) ?_ rfl⟩
    have : Int.ofNat n = (n : Int) := rfl
    rw [this, Int.natCast_add, Int.natCast_mul]
    generalize (n : Int) * x = y
    omega
  | negSucc n =>
    refine ⟨plus, minus + (n + 1) * x, total + (n + 1), checked,
      counted_add counted digits (fun r below => natAbs_small (small r below)) ?_ rfl⟩
    have : Int.negSucc n = -((n + 1 : Nat) : Int) := rfl
    rw [this, Int.natCast_add, Int.natCast_mul, Int.neg_mul]
    generalize ((n + 1 : Nat) : Int) * x = y
    omega

theorem pack_ones (bits : Nat) : ∀ count : Nat,
    ((ones bits count : Nat) : Int) = pack (base bits) count (fun _ => 1)
  | 0 => rfl
  | count + 1 => by
    have unfolded : ones bits (count + 1) = 1 + 2 ^ bits * ones bits count := rfl
    rw [unfolded, Int.natCast_add, Int.natCast_mul, pack_ones bits count]
    rfl

theorem small_one {count size : Nat} (one : 1 ≤ size) : Small count size (fun _ => 1) := by
  intro r _
  have below : (1 : Int) < base size := Int.ofNat_lt.2 (Nat.one_lt_two_pow (by omega))
  exact ⟨Int.le_of_lt Int.zero_lt_one, below⟩

theorem evaluate_cons (factor : Int) (one : Nat) (next : Nat → Nat → Nat → Bool) (l h : Int)
    (box : List (Int × Int)) (over under : Nat) (others : Columns) (plus minus total : Nat) :
    evaluate factor one next ((l, h) :: box) (.cons over under others) plus minus total =
      addMultiple (factor * l) over plus minus total fun plus minus total =>
      addMultiple (-(factor * h)) under plus minus total fun plus minus total =>
      addMultiple (factor * lesser 0 l) one plus minus total fun plus minus total =>
      evaluate factor one next box others plus minus total :=
  rfl

theorem activationBack_cons (relu : Bool) (one : Nat) (l h : Int) (below above : Nat)
    (neurons : Neurons) (over under : Nat) (others : Columns) (plus minus total : Nat)
    (next : Columns → Nat → Nat → Nat → Bool) :
    activationBack relu one (.cons l h below above neurons) (.cons over under others) plus minus
        total next =
      addMultiple (intercept relu l h (slopeOne : Int) (below : Int)) over plus minus total
        fun plus minus total =>
      addMultiple (intercept relu l h (-(slopeOne : Int)) (-(above : Int))) under plus minus total
        fun plus minus total =>
      addMultiple ((slopeOne : Int) * lesser 0 (activate relu l)) one plus minus total
        fun plus minus total =>
      activationBack relu one neurons others plus minus total fun columns =>
        next (.cons (below * over) (above * under) columns) :=
  rfl

/-! ### The first form and the last digits -/

theorem counted_mul {bits count size plus minus total : Nat} {q : Nat → Int} (m : Nat)
    (counted : Counted bits count size plus minus total q) :
    Counted bits count size (m * plus) (m * minus) (m * total) (fun r => (m : Int) * q r) := by
  constructor
  · rw [pack_mul, ← counted.1, Int.natCast_mul, Int.natCast_mul, Int.mul_sub]
  · intro r below
    have here := Nat.mul_le_mul (Nat.le_refl m) (counted.2 r below)
    have product : ((m : Int) * q r).natAbs = m * (q r).natAbs := Int.natAbs_mul ..
    have : ((m : Int) * q r).natAbs ≤ m * total * 2 ^ size := by
      rw [product, Nat.mul_assoc]
      exact here
    exact this

theorem natAbs_line {size a b : Nat} {p n : Int} (ha : a ≤ 2 ^ 31) (hb : b ≤ 2 ^ 31)
    (hp : 0 ≤ p ∧ p < base size) (hn : 0 ≤ n ∧ n < base size) :
    ((a : Int) * p - (b : Int) * n).natAbs ≤ 2 ^ (31 + size) := by
  obtain ⟨p', rfl⟩ := Int.eq_ofNat_of_zero_le hp.1
  obtain ⟨n', rfl⟩ := Int.eq_ofNat_of_zero_le hn.1
  have h₁ : a * p' ≤ 2 ^ 31 * 2 ^ size :=
    Nat.mul_le_mul ha (Nat.le_of_lt (Int.ofNat_lt.1 hp.2))
  have h₂ : b * n' ≤ 2 ^ 31 * 2 ^ size :=
    Nat.mul_le_mul hb (Nat.le_of_lt (Int.ofNat_lt.1 hn.2))
  rw [← Int.natCast_mul, ← Int.natCast_mul, Nat.pow_add]
  generalize 2 ^ 31 * 2 ^ size = m at *
  generalize a * p' = x at *
  generalize b * n' = y at *
  omega

theorem base_dropped : base dropped = (unit : Int) * (slopeOne : Int) := by
  unfold base dropped unit slopeOne
  decide +kernel

/-- The coefficients of one variable in the form that is this variable. -/
def unitAt (m r : Nat) : Int :=
  if r = m then (formOne : Int) else 0

theorem pack_unitAt (b : Int) : ∀ m count : Nat, m < count →
    pack b count (unitAt m) = (formOne : Int) * b ^ m
  | 0, count + 1, _ => by
    have others : pack b count (fun r => unitAt 0 (r + 1)) = pack b count (fun _ => 0) :=
      pack_congr fun r _ => by simp [unitAt]
    have here : unitAt 0 0 = (formOne : Int) := by simp [unitAt]
    simp only [pack]
    rw [others, pack_zero, here, Int.pow_zero]
    generalize (formOne : Int) = c
    omega
  | m + 1, count + 1, below => by
    have others : pack b count (fun r => unitAt (m + 1) (r + 1)) = pack b count (unitAt m) :=
      pack_congr fun r _ => by simp [unitAt]
    have here : unitAt (m + 1) 0 = 0 := by simp [unitAt]
    simp only [pack]
    rw [others, pack_unitAt b m count (by omega), here, Int.pow_succ]
    generalize (formOne : Int) = c
    grind

/-- The coefficients of the neurons in the forms that are the neurons and their negations. -/
def units : Nat → List Nat → List (Nat → Int)
  | _, [] => []
  | m, _ :: rows => (fun r => unitAt m r - unitAt (m + 1) r) :: units (m + 2) rows

theorem natAbs_units_le {size : Nat} (enough : 59 ≤ size) (m r : Nat) :
    (unitAt m r - unitAt (m + 1) r).natAbs ≤ 2 ^ (31 + size) := by
  have wide : formOne ≤ 2 ^ (31 + size) := Nat.pow_le_pow_right (by omega) (by omega)
  unfold unitAt
  generalize formOne = c at *
  generalize 2 ^ (31 + size) = d at *
  split <;> split <;> omega

theorem identity_stands {bits count size : Nat} (enough : 59 ≤ size) :
    ∀ (rows : List Nat) (m power : Nat), power = (2 ^ bits) ^ m → m + 2 * rows.length ≤ count →
      Stands bits count (2 ^ (31 + size)) (identity (2 ^ bits) rows power) (units m rows)
  | [], _, _, _, _ => True.intro
  | _ :: rows, m, power, equal, room => by
    simp only [List.length_cons] at room
    have next : power * 2 ^ bits * 2 ^ bits = (2 ^ bits) ^ (m + 2) := by
      rw [equal, ← Nat.pow_succ, ← Nat.pow_succ]
    refine ⟨?_, fun r _ => natAbs_units_le enough m r,
      identity_stands enough rows (m + 2) _ next (by omega)⟩
    have cast : ∀ n : Nat, (((2 ^ bits) ^ n : Nat) : Int) = base bits ^ n := fun n =>
      Int.natCast_pow _ _
    have first : ((formOne * power : Nat) : Int) = (formOne : Int) * base bits ^ m := by
      rw [Int.natCast_mul, equal, cast]
    have second : ((formOne * (power * 2 ^ bits) : Nat) : Int) =
        (formOne : Int) * base bits ^ (m + 1) := by
      rw [Int.natCast_mul, equal, ← Nat.pow_succ, cast]
    have goal : ((formOne * power : Nat) : Int) - ((formOne * (power * 2 ^ bits) : Nat) : Int) =
        pack (base bits) count (fun r => unitAt m r - unitAt (m + 1) r) := by
      rw [first, second, pack_sub, pack_unitAt _ m count (by omega),
        pack_unitAt _ (m + 1) count (by omega)]
    exact goal

theorem digits_eq {bits count size plus minus total : Nat} {v : Nat → Int} (room : 1 ≤ bits)
    (counted : Counted bits count size plus minus total v)
    (enough : total * 2 ^ size * 4 ≤ 2 ^ bits) :
    digits bits count plus minus = tabulate count v := by
  have whole : base bits = 2 * base (bits - 1) := by
    have : (2 ^ bits : Nat) = 2 * 2 ^ (bits - 1) := by
      rw [Nat.mul_comm, ← Nat.pow_succ]
      congr 1
      omega
    unfold base
    rw [this, Int.natCast_mul]
    rfl
  have shape : digits bits count plus minus = unpack (base bits) (base (bits - 1)) count
    ((plus : Int) - minus + halves (base bits) (base (bits - 1)) count) := rfl
  rw [shape, counted.1]
  refine unpack_pack (base_pos bits) fun r below => ?_
  have small := counted.2 r below
  have enough' : ((total * 2 ^ size * 4 : Nat) : Int) ≤ base bits := Int.ofNat_le.2 enough
  have positive := base_pos (bits - 1)
  rw [whole] at enough' ⊢
  generalize base (bits - 1) = half at *
  generalize total * 2 ^ size = bound at *
  generalize v r = x at *
  clear shape whole enough
  omega

theorem affineSplit_room {p : Problem} {count width plus minus total : Nat} {rows : List Nat}
    {columns : Columns} {next : Columns → Nat → Nat → Nat → Bool}
    (checked : affineSplit p count width rows columns plus minus total next = true) :
    p.size + dropped ≤ p.bits := by
  simp only [affineSplit, roomy, Bool.and_eq_true] at checked
  exact Nat.le_of_ble_eq_true checked.1.1

end Refsem
