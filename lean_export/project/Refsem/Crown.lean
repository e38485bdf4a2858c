/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that speaks of a network.
-/
module

public import Refsem.Columns

@[expose] public section

/-!
# Backward propagation (CROWN), checked by computation

A bound of a neuron is a bound of an affine form in the values of a layer. The form is pushed back
layer by layer: an affine layer is replaced by what it computes, an activation by a line under it
or, where its coefficient is negative, over it, until the form is evaluated over a box. Slopes are
chosen by whoever writes the certificate, and may be anything up to 2; intercepts are derived, as
the least of what the line misses at the ends of the neuron's box (and at 0 if that is inside). An
upper bound is a lower bound of the negation. The checker is `layerChecked` (`Refsem.Columns`).

A form `q + S * (d · y)` bounds `θ` from below, where the coefficients `d` are integers over
`formOne`. Through an affine layer they become integers over `formOne * unit`, and all but 60 bits
after the point are rounded down: what is dropped is a natural multiple of the variable, and so at
least the lesser of 0 and its lower end.

## Main statements

* `line_sound`: every line under a ReLU, from its values at the ends and at 0.
* `unit_dotAt`, `affineSplit_sound`: an affine layer pushed back, for all forms at once.
* `activationBack_sound`: activations pushed back, for all forms at once.
* `evaluate_sound`, `descend_sound`: what the forms are at least.
* `layer_sound`: the boxes of one more layer.
-/

open Lean.Grind Std

namespace Refsem

universe u

attribute [local instance] Lean.Grind.Ring.intCast

section Soundness

variable {α : Type u} [Field α]

/-- One form, evaluated. -/
def dotAt : List (Nat → Int) → Nat → List α → α
  | f :: fs, r, x :: xs => (f r : α) * x + dotAt fs r xs
  | _, _, _ => 0

theorem dotAt_nil (fs : List (Nat → Int)) (r : Nat) : dotAt fs r ([] : List α) = 0 := by
  cases fs <;> rfl

/-- The sum of coefficients times the dot products of the rows. -/
noncomputable def rowsDot : List (Nat → Int) → List Nat → Nat → List α → α
  | f :: fs, row :: rows, r, xs => (f r : α) * dot row xs + rowsDot fs rows r xs
  | _, _, _, _ => 0

theorem rowsDot_nil : ∀ (fs : List (Nat → Int)) (rows : List Nat) (r : Nat),
    rowsDot fs rows r ([] : List α) = 0
  | [], _, _ => rfl
  | _ :: _, [], _ => rfl
  | f :: fs, row :: rows, r => by
    simp only [rowsDot, dot, rowsDot_nil fs rows r]
    grind

theorem rowsDot_cons (r : Nat) (x : α) (xs : List α) : ∀ (fs : List (Nat → Int)) (rows : List Nat),
    rowsDot fs rows r (x :: xs) =
      (columnAt fs rows r : α) * x + rowsDot fs (advance rows) r xs
  | [], rows => by
    have : ((0 : Int) : α) = 0 := cast_zero
    simp only [rowsDot, columnAt]
    grind
  | f :: fs, [] => by
    have : ((0 : Int) : α) = 0 := cast_zero
    have none : advance [] = [] := rfl
    simp only [rowsDot, columnAt, none]
    grind
  | f :: fs, row :: rows => by
    have more := rowsDot_cons r x xs fs rows
    have unfolded : advance (row :: rows) = rest row :: advance rows := rfl
    rw [unfolded]
    simp only [rowsDot, columnAt, dot, more]
    rw [cast_add, cast_mul]
    grind

theorem dotAt_products (fs : List (Nat → Int)) (r : Nat) : ∀ (xs : List α) (rows : List Nat),
    dotAt (products fs xs.length rows) r xs = rowsDot fs rows r xs
  | [], rows => by rw [dotAt_nil, rowsDot_nil]
  | x :: xs, rows => by
    rw [rowsDot_cons, ← dotAt_products fs r xs (advance rows)]
    rfl

/-- What the rows of a layer compute before the activation. -/
noncomputable def preRows (rows : List Nat) (xs : List α) : List α :=
  rows.map (pre · xs)

theorem evalRows_eq [Max α] (relu : Bool) (xs : List α) : ∀ rows : List Nat,
    evalRows relu rows xs = (preRows rows xs).map (activation relu)
  | [] => rfl
  | row :: rows => by
    simp only [evalRows, preRows, List.map]
    rw [evalRows_eq relu xs rows]
    rfl

theorem length_of_inBox [LE α] {scale : Nat} : ∀ {box : List (Int × Int)} {xs : List α},
    InBox scale box xs → xs.length = box.length
  | [], [], _ => rfl
  | _ :: box, _ :: xs, inside => by
    obtain ⟨_, _, others⟩ := inside
    simp [length_of_inBox others]

/-- The values and their negations, in turn. -/
def signed : List α → Nat → α
  | [], _ => 0
  | y :: _, 0 => y
  | y :: _, 1 => -y
  | _ :: ys, r + 2 => signed ys r

theorem dotAt_units : ∀ (rows : List Nat) (ys : List α) (m r : Nat), rows.length = ys.length →
    dotAt (units m rows) (m + r) ys = ((formOne : Int) : α) * signed ys r ∧
      ∀ s, s < m → dotAt (units m rows) s ys = 0
  | [], [], m, r, _ => by
    refine ⟨?_, fun _ _ => rfl⟩
    simp only [units, dotAt, signed]
    grind
  | _ :: rows, y :: ys, m, r, length => by
    have length' : rows.length = ys.length := by simpa using length
    have zero : ((0 : Int) : α) = 0 := cast_zero
    have earlier := (dotAt_units rows ys (m + 2) 0 length').2
    constructor
    · match r with
      | 0 =>
        have more := earlier m (by omega)
        have h₁ : unitAt m m - unitAt (m + 1) m = (formOne : Int) := by simp [unitAt]
        simp only [units, dotAt, signed, Nat.add_zero, more, h₁]
        grind
      | 1 =>
        have more := earlier (m + 1) (by omega)
        have h₁ : unitAt m (m + 1) - unitAt (m + 1) (m + 1) = -(formOne : Int) := by simp [unitAt]
        simp only [units, dotAt, signed, more, h₁]
        rw [cast_neg]
        grind
      | r + 2 =>
        have more := (dotAt_units rows ys (m + 2) r length').1
        have place : m + (r + 2) = m + 2 + r := by omega
        have h₁ : unitAt m (m + 2 + r) - unitAt (m + 1) (m + 2 + r) = 0 := by
          unfold unitAt
          split <;> split <;> omega
        rw [place]
        simp only [units, dotAt, signed, more, h₁]
        grind
    · intro s below
      have more := earlier s (by omega)
      have h₁ : unitAt m s - unitAt (m + 1) s = 0 := by
        unfold unitAt
        split <;> split <;> omega
      simp only [units, dotAt, more, h₁]
      grind

theorem cast_dropped :
    ((base dropped : Int) : α) = ((unit : Int) : α) * ((slopeOne : Int) : α) := by
  rw [base_dropped, cast_mul]

variable [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

/-- Pushing one form back through an affine layer. -/
theorem unit_dotAt (r : Nat) (xs : List α) : ∀ (fs : List (Nat → Int)) (rows : List Nat),
    ((unit : Int) : α) * dotAt fs r (preRows rows xs) =
      rowsDot fs (advance rows) r xs + (columnAt fs rows r : α)
  | [], rows => by
    have : ((0 : Int) : α) = 0 := cast_zero
    simp only [dotAt, rowsDot, columnAt]
    grind
  | f :: fs, [] => by
    have : ((0 : Int) : α) = 0 := cast_zero
    have none : advance [] = [] := rfl
    simp only [preRows, List.map, dotAt, rowsDot, columnAt, none]
    grind
  | f :: fs, row :: rows => by
    have more := unit_dotAt r xs fs rows
    have here := unit_mul_pre (α := α) row xs
    have unfolded : advance (row :: rows) = rest row :: advance rows := rfl
    rw [unfolded]
    simp only [affine] at here
    simp only [preRows] at more
    simp only [preRows, List.map, dotAt, rowsDot, columnAt]
    rw [cast_add, cast_mul]
    grind

theorem lesser_le (a b : Int) : lesser a b ≤ a ∧ lesser a b ≤ b := by
  unfold lesser
  have difference : Int.sub a b = a - b := rfl
  split
  · next n equal =>
    have natural : Int.ofNat n = (n : Int) := rfl
    omega
  · next n equal =>
    have := Int.negSucc_lt_zero n
    omega

/-- Every line under a multiple of the identity, from its values at the ends. -/
theorem straight_line_sound {l u z c d b : α} (above : l ≤ z) (below : z ≤ u)
    (lower : d * l + b ≤ c * l) (upper : d * u + b ≤ c * u) : d * z + b ≤ c * z := by
  rcases le_total (a := d) (b := c) with h | h
  · have p : 0 ≤ (c - d) * (z - l) := OrderedRing.mul_nonneg (by grind) (by grind)
    grind
  · have p : 0 ≤ (d - c) * (u - z) := OrderedRing.mul_nonneg (by grind) (by grind)
    grind

theorem missed_cast {relu : Bool} {c d l b : Int} (h : b ≤ missed relu c d l) :
    (d : α) * (l : α) + (b : α) ≤ (c : α) * ((activate relu l : Int) : α) := by
  have unfolded : missed relu c d l = c * activate relu l - d * l := rfl
  rw [unfolded] at h
  have := cast_le (α := α) h
  rw [cast_sub, cast_mul, cast_mul] at this
  grind

/-- What one variable gives a form at least, its coefficient rounded down. -/
theorem term_sound {k p n o l h m z : α} (hk : 0 ≤ k) (hp : 0 ≤ p) (hn : 0 ≤ n) (ho : 0 ≤ o)
    (small : o ≤ k) (nonpos : m ≤ 0) (least : m ≤ l) (lower : l ≤ z) (upper : z ≤ h) :
    k * (p * l - n * h + m) ≤ (k * (p - n) + o) * z := by
  have a₁ : 0 ≤ k * (p * (z - l)) :=
    OrderedRing.mul_nonneg hk (OrderedRing.mul_nonneg hp (by grind))
  have a₂ : 0 ≤ k * (n * (h - z)) :=
    OrderedRing.mul_nonneg hk (OrderedRing.mul_nonneg hn (by grind))
  have a₃ : 0 ≤ o * (z - m) := OrderedRing.mul_nonneg ho (by grind)
  have a₄ : 0 ≤ (k - o) * -m := OrderedRing.mul_nonneg (by grind) (by grind)
  grind

/-- What the activation of one variable gives a form at least: lines in the variable. -/
theorem line_term_sound {k s p n o a b c d m y z : α} (hk : 0 ≤ k) (hs : 0 ≤ s) (hp : 0 ≤ p)
    (hn : 0 ≤ n) (ho : 0 ≤ o) (small : o ≤ k) (nonpos : m ≤ 0) (least : m ≤ z)
    (under : a + c * y ≤ s * z) (over : b + -d * y ≤ -s * z) :
    k * (a * p + b * n + s * m) + k * ((c * p - d * n) * y) ≤ s * ((k * (p - n) + o) * z) := by
  have a₁ : 0 ≤ k * (p * (s * z - (a + c * y))) :=
    OrderedRing.mul_nonneg hk (OrderedRing.mul_nonneg hp (by grind))
  have a₂ : 0 ≤ k * (n * (-s * z - (b + -d * y))) :=
    OrderedRing.mul_nonneg hk (OrderedRing.mul_nonneg hn (by grind))
  have a₃ : 0 ≤ s * (o * (z - m)) :=
    OrderedRing.mul_nonneg hs (OrderedRing.mul_nonneg ho (by grind))
  have a₄ : 0 ≤ s * ((k - o) * -m) :=
    OrderedRing.mul_nonneg hs (OrderedRing.mul_nonneg (by grind) (by grind))
  grind

theorem cast_small {count size r : Nat} {f : Nat → Int} (small : Small count size f)
    (below : r < count) : (0 : α) ≤ (f r : α) ∧ (f r : α) ≤ ((base size : Int) : α) :=
  ⟨cast_nonneg (small r below).1, cast_le (Int.le_of_lt (small r below).2)⟩

theorem cast_lesser (l : Int) :
    ((lesser 0 l : Int) : α) ≤ 0 ∧ ((lesser 0 l : Int) : α) ≤ (l : α) := by
  have zero : ((0 : Int) : α) = 0 := cast_zero
  have bounds := lesser_le 0 l
  have h₁ := cast_le (α := α) bounds.1
  exact ⟨by grind, cast_le bounds.2⟩

/-- The values of forms over a box. -/
theorem evaluate_sound {bits count size scale : Nat} {factor : Int}
    {next : Nat → Nat → Nat → Bool} (one : 1 ≤ size) (nonneg : 0 ≤ factor) :
    ∀ (box : List (Int × Int)) (columns : Columns) (ts : List (Nat → Int)) (xs : List α)
      (plus minus total : Nat) (q : Nat → Int), InBox scale box xs →
      Parted bits count size columns ts → Counted bits count size plus minus total q →
      evaluate factor (ones bits count) next box columns plus minus total = true →
      ∃ (plus' minus' total' : Nat) (v : Nat → Int), next plus' minus' total' = true ∧
        Counted bits count size plus' minus' total' v ∧ ∀ r, r < count →
          ((base dropped : Int) : α) * (v r : α) ≤ ((base dropped : Int) : α) * (q r : α) +
            (factor : α) * (((scale : Int) : α) * dotAt ts r xs)
  | [], columns, ts, [], plus, minus, total, q, _, _, counted, checked =>
    ⟨plus, minus, total, q, checked, counted, fun r _ => by rw [dotAt_nil]; grind⟩
  | _ :: _, .nil, [], _ :: _, plus, minus, total, q, _, _, counted, checked =>
    ⟨plus, minus, total, q, checked, counted, fun r _ => by simp only [dotAt]; grind⟩
  | (l, h) :: box, .cons over under others, t :: ts, x :: xs, plus, minus, total, q, inside,
      parted, counted, checked => by
    obtain ⟨lower, upper, inside'⟩ := inside
    obtain ⟨⟨p, n, o, eqOver, eqUnder, smallP, smallN, smallO, split⟩, parted'⟩ := parted
    rw [evaluate_cons] at checked
    obtain ⟨_, _, _, c₁, q₁⟩ := addMultiple_sound counted eqOver smallP checked
    obtain ⟨_, _, _, c₂, q₂⟩ := addMultiple_sound q₁ eqUnder smallN c₁
    obtain ⟨_, _, _, c₃, q₃⟩ := addMultiple_sound q₂ (pack_ones bits count) (small_one one) c₂
    obtain ⟨plus', minus', total', v, asked, counted', more⟩ :=
      evaluate_sound one nonneg box others ts xs _ _ _ _ inside' parted' q₃ c₃
    refine ⟨plus', minus', total', v, asked, counted', fun r below => ?_⟩
    have here := more r below
    have hp := cast_small (α := α) smallP below
    have hn := cast_small (α := α) smallN below
    have ho := cast_small (α := α) smallO below
    have hm := cast_lesser (α := α) l
    have hf : (0 : α) ≤ (factor : α) := cast_nonneg nonneg
    have hk : (0 : α) ≤ ((base dropped : Int) : α) := cast_nonneg (Int.le_of_lt (base_pos dropped))
    have term := term_sound hk hp.1 hn.1 ho.1 ho.2 hm.1 hm.2 lower upper
    have scaled := OrderedRing.mul_le_mul_of_nonneg_left term hf
    simp only [cast_add, cast_mul, cast_neg, Ring.intCast_one] at here
    simp only [dotAt, split r below, cast_add, cast_mul, cast_sub]
    clear term more split counted counted' q₁ q₂ q₃ c₁ c₂ c₃ asked checked eqOver eqUnder inside'
    generalize ((base dropped : Int) : α) = k at *
    generalize (factor : α) = f at *
    generalize ((scale : Int) : α) = s at *
    generalize ((lesser 0 l : Int) : α) = m at *
    generalize dotAt ts r xs = rest at *
    generalize (p r : α) = p' at *
    generalize (n r : α) = n' at *
    generalize (o r : α) = o' at *
    generalize (v r : α) = v' at *
    generalize (q r : α) = q' at *
    generalize (l : α) = l' at *
    generalize (h : α) = h' at *
    grind

/-- An affine layer, pushed back, its constants counted. -/
theorem affineSplit_sound {p : Problem} {count width plus minus total : Nat} {rows : List Nat}
    {columns : Columns} {ds : List (Nat → Int)} {q : Nat → Int} {xs : List α}
    {next : Columns → Nat → Nat → Nat → Bool} (length : xs.length = width)
    (stands : Stands p.bits count (2 ^ (31 + p.size)) columns ds)
    (counted : Counted p.bits count p.size plus minus total q)
    (checked : affineSplit p count width rows columns plus minus total next = true) :
    ∃ (columns' : Columns) (plus' minus' total' : Nat) (ts : List (Nat → Int)) (q' : Nat → Int),
      next columns' plus' minus' total' = true ∧ Parted p.bits count p.size columns' ts ∧
      Counted p.bits count p.size plus' minus' total' q' ∧ ∀ r, r < count →
        ((unit : Int) : α) * (q' r : α) + ((p.scale : Int) : α) * dotAt ts r xs ≤
          ((unit : Int) : α) *
            ((q r : α) + ((p.scale : Int) : α) * dotAt ds r (preRows rows xs)) := by
  simp only [affineSplit, roomy, Bool.and_eq_true] at checked
  obtain ⟨⟨room, space⟩, more⟩ := checked
  have room' : p.size + dropped ≤ p.bits := Nat.le_of_ble_eq_true room
  have space' :
      rows.length * (2 ^ (31 + p.size) * largest) + 2 ^ (p.size + dropped) ≤ 2 ^ p.bits :=
    Nat.le_of_ble_eq_true space
  obtain ⟨found, asked, parted⟩ := affineBack_sound room' space' stands rfl more
  cases found with
  | nil => exact parted.elim
  | cons over under others =>
    obtain ⟨⟨f, n, o, eqOver, eqUnder, smallF, smallN, smallO, split⟩, parts⟩ := parted
    refine ⟨others, _, _, _, products ds width (advance rows),
      fun r => q r + ((p.scale * slopeOne : Nat) : Int) * (f r - n r), asked, parts,
      counted_add (x := (over : Int) - under) counted ?_ ?_ ?_ rfl, fun r below => ?_⟩
    · rw [pack_sub, eqOver, eqUnder]
    · intro r below
      have h₁ := smallF r below
      have h₂ := smallN r below
      have : base p.size = ((2 ^ p.size : Nat) : Int) := rfl
      rw [this] at h₁ h₂
      generalize 2 ^ p.size = y at *
      omega
    · have unfolded : ∀ a b c : Nat, Nat.add a (Nat.mul b c) = a + b * c := fun _ _ _ => rfl
      rw [unfolded, unfolded, Int.natCast_add, Int.natCast_add, Int.natCast_mul _ over,
        Int.natCast_mul _ under, Int.mul_sub]
      have same : Nat.mul p.scale slopeOne = p.scale * slopeOne := rfl
      rw [same]
      generalize ((p.scale * slopeOne : Nat) : Int) * (over : Int) = a
      generalize ((p.scale * slopeOne : Nat) : Int) * (under : Int) = b
      omega
    · have whole := unit_dotAt r xs ds rows
      have sums := dotAt_products ds r xs (advance rows)
      have constant := split r below
      have ho := (cast_small (α := α) smallO below).1
      have hs : (0 : α) ≤ ((p.scale : Int) : α) := cast_nonneg (Int.natCast_nonneg _)
      have product := OrderedRing.mul_nonneg hs ho
      rw [length] at sums
      rw [← sums, constant, base_dropped] at whole
      simp only [cast_add, cast_mul, cast_sub, Int.natCast_mul] at whole ⊢
      clear asked parts split constant sums smallF smallN smallO eqOver eqUnder space space' room
      clear room' stands counted more ho hs
      generalize ((unit : Int) : α) = e at *
      generalize ((slopeOne : Int) : α) = s at *
      generalize ((p.scale : Int) : α) = c at *
      generalize dotAt ds r (preRows rows xs) = x at *
      generalize dotAt (products ds width (advance rows)) r xs = y at *
      generalize (f r : α) = f' at *
      generalize (n r : α) = n' at *
      generalize (o r : α) = o' at *
      generalize (q r : α) = q' at *
      have scaled : c * (e * x) = c * (y + (e * s * (f' - n') + o')) := by rw [whole]
      grind

theorem dropped_pos : (0 : α) < ((base dropped : Int) : α) :=
  cast_pos (Nat.two_pow_pos dropped)

theorem end_sound {f₀ f₁ l a₀ a₁ : Int} {z : α} (pos₀ : (0 : α) < (f₀ : α))
    (pos₁ : (0 : α) < (f₁ : α)) (h₀ : (a₀ : α) ≤ (f₀ : α) * z) (h₁ : (a₁ : α) ≤ (f₁ : α) * z)
    (checked : (decide (Int.mul f₀ l ≤ a₀)).or (decide (Int.mul f₁ l ≤ a₁)) = true) :
    (l : α) ≤ z := by
  simp only [Bool.or_eq_true, decide_eq_true_eq] at checked
  rcases checked with checked | checked
  · have here : f₀ * l ≤ a₀ := checked
    have := cast_le (α := α) here
    rw [cast_mul] at this
    exact le_of_mul_le_mul pos₀ (le_trans this h₀)
  · have here : f₁ * l ≤ a₁ := checked
    have := cast_le (α := α) here
    rw [cast_mul] at this
    exact le_of_mul_le_mul pos₁ (le_trans this h₁)

theorem hold_sound {scale : Nat} {f₀ f₁ : Int} {xs : List α} (pos₀ : (0 : α) < (f₀ : α))
    (pos₁ : (0 : α) < (f₁ : α)) : ∀ (rows : List Nat) (neurons : Neurons) (v₀ v₁ : Nat → Int),
      (∀ r, r < 2 * rows.length →
        (v₀ r : α) ≤ (f₀ : α) * (((scale : Int) : α) * signed (preRows rows xs) r)) →
      (∀ r, r < 2 * rows.length →
        (v₁ r : α) ≤ (f₁ : α) * (((scale : Int) : α) * signed (preRows rows xs) r)) →
      hold f₀ f₁ rows neurons (tabulate (2 * rows.length) v₀) (tabulate (2 * rows.length) v₁) =
        true →
      InBox scale neurons.ends (preRows rows xs)
  | [], .nil, _, _, _, _, _ => True.intro
  | row :: rows, .cons l h _ _ others, v₀, v₁, below₀, below₁, checked => by
    have count : 2 * (row :: rows).length = 2 * rows.length + 1 + 1 := by
      simp only [List.length_cons]
      omega
    rw [count] at checked below₀ below₁
    simp only [tabulate, hold, Bool.and_eq_true] at checked
    obtain ⟨lower, upper, more⟩ := checked
    have h₁ := end_sound pos₀ pos₁ (below₀ 0 (by omega)) (below₁ 0 (by omega)) lower
    have h₂ := end_sound pos₀ pos₁ (below₀ 1 (by omega)) (below₁ 1 (by omega)) upper
    have h₃ := hold_sound pos₀ pos₁ rows others (fun r => v₀ (r + 1 + 1)) (fun r => v₁ (r + 1 + 1))
      (fun r hr => below₀ (r + 2) (by omega)) (fun r hr => below₁ (r + 2) (by omega)) more
    have s₀ : signed (preRows (row :: rows) xs) 0 = pre row xs := rfl
    have s₁ : signed (preRows (row :: rows) xs) 1 = -pre row xs := rfl
    rw [s₀] at h₁
    rw [s₁, cast_neg] at h₂
    exact ⟨h₁, by grind, h₃⟩
  | [], .cons _ _ _ _ _, _, _, _, _, checked => by simp [hold] at checked
  | _ :: _, .nil, _, _, _, _, checked => by simp [hold] at checked

variable [Max α] [LawfulOrderMax α]

/-- Every line under a multiple of the ReLU, from its values at the ends and at 0. -/
theorem line_sound {l u z c d b : α} (above : l ≤ z) (below : z ≤ u)
    (lower : d * l + b ≤ c * max l 0) (upper : d * u + b ≤ c * max u 0)
    (zero : l < 0 → b ≤ 0) : d * z + b ≤ c * max z 0 := by
  rcases max_cases z 0 with ⟨e, hz⟩ | ⟨e, hz⟩ <;> rw [e]
  · have eu : max u 0 = u := by rcases max_cases u 0 with ⟨e, _⟩ | ⟨e, _⟩ <;> grind
    rw [eu] at upper
    rcases le_total (a := d) (b := c) with hc | hc
    · by_cases h : l < 0
      · have p : 0 ≤ (c - d) * z := OrderedRing.mul_nonneg (by grind) hz
        have := zero h
        grind
      · have el : max l 0 = l := by rcases max_cases l 0 with ⟨e, _⟩ | ⟨e, _⟩ <;> grind
        rw [el] at lower
        have p : 0 ≤ (c - d) * (z - l) := OrderedRing.mul_nonneg (by grind) (by grind)
        grind
    · have p : 0 ≤ (d - c) * (u - z) := OrderedRing.mul_nonneg (by grind) (by grind)
      grind
  · have el : max l 0 = 0 := by rcases max_cases l 0 with ⟨e, _⟩ | ⟨e, _⟩ <;> grind
    rw [el] at lower
    rcases le_total (a := d) (b := 0) with hc | hc
    · have p : 0 ≤ -d * (z - l) := OrderedRing.mul_nonneg (by grind) (by grind)
      grind
    · by_cases h : l < 0
      · have p : 0 ≤ d * -z := OrderedRing.mul_nonneg (by grind) (by grind)
        have := zero h
        grind
      · have : z = l := by grind
        grind

theorem cast_activate (l : Int) : ((activate true l : Int) : α) = max (l : α) 0 := by
  have : ((0 : Int) : α) = 0 := cast_zero
  cases l with
  | ofNat n =>
    have nonneg : ((0 : Int) : α) ≤ ((Int.ofNat n : Int) : α) := cast_le (Int.natCast_nonneg n)
    have same : activate true (Int.ofNat n) = Int.ofNat n := rfl
    rw [same]
    rcases max_cases (((Int.ofNat n : Int) : α)) 0 with ⟨e, _⟩ | ⟨e, _⟩ <;> grind
  | negSucc n =>
    have nonpos : ((Int.negSucc n : Int) : α) ≤ ((0 : Int) : α) := cast_le (by omega)
    have same : activate true (Int.negSucc n) = 0 := rfl
    rw [same]
    rcases max_cases (((Int.negSucc n : Int) : α)) 0 with ⟨e, _⟩ | ⟨e, _⟩ <;> grind

theorem mul_max_zero {s y : α} (positive : 0 < s) : s * max y 0 = max (s * y) 0 := by
  rcases max_cases y 0 with ⟨e, h⟩ | ⟨e, h⟩
  · have p : 0 ≤ s * y := OrderedRing.mul_nonneg (by grind) h
    rcases max_cases (s * y) 0 with ⟨e', _⟩ | ⟨e', _⟩ <;> grind
  · have p : 0 ≤ s * -y := OrderedRing.mul_nonneg (by grind) (by grind)
    rcases max_cases (s * y) 0 with ⟨e', _⟩ | ⟨e', _⟩ <;> grind

/-- The line that the checker derives lies under the activation, at any point of the box. -/
theorem intercept_sound {relu : Bool} {scale : Nat} {l h c d : Int} {y : α}
    (positive : 0 < scale) (below : (l : α) ≤ ((scale : Int) : α) * y)
    (above : ((scale : Int) : α) * y ≤ (h : α)) :
    (intercept relu l h c d : α) + (d : α) * (((scale : Int) : α) * y) ≤
      (c : α) * (((scale : Int) : α) * activation relu y) := by
  have scale_pos : (0 : α) < ((scale : Int) : α) := cast_pos positive
  have zero : ((0 : Int) : α) = 0 := cast_zero
  generalize e : intercept relu l h c d = b
  have bounds : b ≤ missed relu c d l ∧ b ≤ missed relu c d h ∧ (relu = true → l < 0 → b ≤ 0) := by
    have h₁ := lesser_le (missed relu c d l) (missed relu c d h)
    have h₂ := lesser_le 0 (lesser (missed relu c d l) (missed relu c d h))
    rw [← e]
    cases relu with
    | false =>
      have unfolded : intercept false l h c d = lesser (missed false c d l) (missed false c d h) :=
        by cases l <;> rfl
      rw [unfolded]
      exact ⟨h₁.1, h₁.2, fun impossible => nomatch impossible⟩
    | true =>
      cases l with
      | ofNat n =>
        have natural : Int.ofNat n = (n : Int) := rfl
        exact ⟨h₁.1, h₁.2, fun _ negative => by omega⟩
      | negSucc n =>
        exact ⟨Int.le_trans h₂.2 h₁.1, Int.le_trans h₂.2 h₁.2, fun _ _ => h₂.1⟩
  have atLower := missed_cast (α := α) bounds.1
  have atUpper := missed_cast (α := α) bounds.2.1
  cases relu with
  | true =>
    rw [cast_activate] at atLower atUpper
    have atZero : (l : α) < 0 → (b : α) ≤ 0 := by
      intro negative
      have : l < 0 := by
        by_cases h : l < 0
        · exact h
        · have := cast_le (α := α) (show (0 : Int) ≤ l by omega)
          grind
      have := cast_le (α := α) (bounds.2.2 rfl this)
      grind
    have line := line_sound below above atLower atUpper atZero
    rw [← mul_max_zero scale_pos] at line
    simp only [activation]
    grind
  | false =>
    have straight : ∀ n : Int, activate false n = n := fun n => by cases n <;> rfl
    rw [straight] at atLower atUpper
    have line := straight_line_sound below above atLower atUpper
    simp only [activation]
    grind

/-- The activation of a lower end is one. -/
theorem activate_le {relu : Bool} {scale : Nat} {l : Int} {y : α} (positive : 0 < scale)
    (lower : (l : α) ≤ ((scale : Int) : α) * y) :
    ((activate relu l : Int) : α) ≤ ((scale : Int) : α) * activation relu y := by
  cases relu with
  | true =>
    rw [cast_activate]
    simp only [activation]
    rw [mul_max_zero (cast_pos positive)]
    generalize ((scale : Int) : α) * y = z at *
    rcases max_cases z 0 with ⟨e, _⟩ | ⟨e, _⟩ <;>
      rcases max_cases (l : α) 0 with ⟨e', _⟩ | ⟨e', _⟩ <;> grind
  | false =>
    have straight : ∀ n : Int, activate false n = n := fun n => by cases n <;> rfl
    rw [straight]
    exact lower

theorem activated_sound {relu : Bool} {scale : Nat} (positive : 0 < scale) :
    ∀ (neurons : Neurons) (ys : List α), InBox scale neurons.ends ys →
      InBox scale (activated relu neurons) (ys.map (activation relu))
  | .nil, [], _ => True.intro
  | .cons l h below above others, y :: ys, inside => by
    obtain ⟨lower, upper, rest⟩ := inside
    have more := activated_sound (relu := relu) positive others ys rest
    have scale_pos : (0 : α) < ((scale : Int) : α) := cast_pos positive
    have zero : ((0 : Int) : α) = 0 := cast_zero
    have bounds : ((activate relu l : Int) : α) ≤ ((scale : Int) : α) * activation relu y ∧
        ((scale : Int) : α) * activation relu y ≤ ((activate relu h : Int) : α) := by
      cases relu with
      | true =>
        rw [cast_activate, cast_activate]
        simp only [activation]
        rw [mul_max_zero scale_pos]
        generalize ((scale : Int) : α) * y = z at *
        rcases max_cases z 0 with ⟨e, _⟩ | ⟨e, _⟩ <;>
          rcases max_cases (l : α) 0 with ⟨e', _⟩ | ⟨e', _⟩ <;>
          rcases max_cases (h : α) 0 with ⟨e'', _⟩ | ⟨e'', _⟩ <;> grind
      | false =>
        have straight : ∀ n : Int, activate false n = n := fun n => by cases n <;> rfl
        rw [straight, straight]
        exact ⟨lower, upper⟩
    exact ⟨bounds.1, bounds.2, more⟩

/-- All activations of a layer, pushed back. -/
theorem activationBack_sound {bits count size scale : Nat} {relu : Bool} (one : 1 ≤ size)
    (positive : 0 < scale) :
    ∀ (neurons : Neurons) (columns : Columns) (ts : List (Nat → Int)) (ys : List α)
      (plus minus total : Nat) (q : Nat → Int) (next : Columns → Nat → Nat → Nat → Bool),
      InBox scale neurons.ends ys → Parted bits count size columns ts →
      Counted bits count size plus minus total q → modest neurons = true →
      activationBack relu (ones bits count) neurons columns plus minus total next = true →
      ∃ (columns' : Columns) (plus' minus' total' : Nat) (ds : List (Nat → Int)) (q' : Nat → Int),
        next columns' plus' minus' total' = true ∧
        Stands bits count (2 ^ (31 + size)) columns' ds ∧
        Counted bits count size plus' minus' total' q' ∧ ∀ r, r < count →
          ((base dropped : Int) : α) * (q' r : α) + ((base dropped : Int) : α) *
              (((scale : Int) : α) * dotAt ds r ys) ≤
            ((base dropped : Int) : α) * (q r : α) + ((slopeOne : Int) : α) *
              (((scale : Int) : α) * dotAt ts r (ys.map (activation relu)))
  | .nil, columns, ts, [], plus, minus, total, q, next, _, _, counted, _, checked =>
    ⟨.nil, plus, minus, total, [], q, checked, True.intro, counted, fun r _ => by
      simp only [List.map, dotAt_nil]; grind⟩
  | .cons _ _ _ _ _, .nil, [], _ :: _, plus, minus, total, q, next, _, _, counted, _, checked =>
    ⟨.nil, plus, minus, total, [], q, checked, True.intro, counted, fun r _ => by
      simp only [dotAt]; grind⟩
  | .cons l h below above neurons, .cons over under others, t :: ts, y :: ys, plus, minus, total,
      q, next, inside, parted, counted, slopes, checked => by
    obtain ⟨lower, upper, inside'⟩ := inside
    obtain ⟨⟨p, n, o, eqOver, eqUnder, smallP, smallN, smallO, split⟩, parted'⟩ := parted
    have slopes' : ((Nat.ble below (Nat.pow 2 31)).and
      ((Nat.ble above (Nat.pow 2 31)).and (modest neurons))) = true := slopes
    rw [Bool.and_eq_true, Bool.and_eq_true] at slopes'
    have smallBelow : below ≤ 2 ^ 31 := Nat.le_of_ble_eq_true slopes'.1
    have smallAbove : above ≤ 2 ^ 31 := Nat.le_of_ble_eq_true slopes'.2.1
    rw [activationBack_cons] at checked
    obtain ⟨_, _, _, c₁, q₁⟩ := addMultiple_sound counted eqOver smallP checked
    obtain ⟨_, _, _, c₂, q₂⟩ := addMultiple_sound q₁ eqUnder smallN c₁
    obtain ⟨_, _, _, c₃, q₃⟩ := addMultiple_sound q₂ (pack_ones bits count) (small_one one) c₂
    obtain ⟨columns', plus', minus', total', ds, q', asked, stands, counted', more⟩ :=
      activationBack_sound one positive neurons others ts ys _ _ _ _ _ inside' parted' q₃
        slopes'.2.2 c₃
    refine ⟨.cons (below * over) (above * under) columns', plus', minus', total',
      (fun r => (below : Int) * p r - (above : Int) * n r) :: ds, q', asked,
      ⟨?_, fun r hr => natAbs_line smallBelow smallAbove (smallP r hr) (smallN r hr), stands⟩,
      counted', fun r hr => ?_⟩
    · rw [pack_sub, pack_mul, pack_mul, ← eqOver, ← eqUnder, Int.natCast_mul, Int.natCast_mul]
    have here := more r hr
    have hp := cast_small (α := α) smallP hr
    have hn := cast_small (α := α) smallN hr
    have ho := cast_small (α := α) smallO hr
    have hm := cast_lesser (α := α) (activate relu l)
    have hs : (0 : α) ≤ ((slopeOne : Int) : α) := cast_nonneg (Int.natCast_nonneg _)
    have hk : (0 : α) ≤ ((base dropped : Int) : α) := cast_nonneg (Int.le_of_lt (base_pos dropped))
    have line₁ := intercept_sound (relu := relu) (c := (slopeOne : Int)) (d := (below : Int))
      positive lower upper
    have line₂ := intercept_sound (relu := relu) (c := -(slopeOne : Int)) (d := -(above : Int))
      positive lower upper
    have act := activate_le (relu := relu) positive lower
    rw [cast_neg, cast_neg] at line₂
    have term := line_term_sound hk hs hp.1 hn.1 ho.1 ho.2 hm.1 (le_trans hm.2 act) line₁ line₂
    simp only [cast_add, cast_mul, Ring.intCast_one] at here
    simp only [List.map, dotAt, split r hr, cast_add, cast_mul, cast_sub]
    clear more split counted counted' q₁ q₂ q₃ c₁ c₂ c₃ asked checked eqOver eqUnder inside'
    clear slopes slopes' smallBelow smallAbove stands line₁ line₂ act hm
    generalize ((base dropped : Int) : α) = k at *
    generalize ((slopeOne : Int) : α) = f at *
    generalize ((scale : Int) : α) = s at *
    generalize ((lesser 0 (activate relu l) : Int) : α) = m at *
    generalize dotAt ts r (List.map (activation relu) ys) = rest at *
    generalize dotAt ds r ys = rest' at *
    generalize activation relu y = z at *
    generalize (p r : α) = p' at *
    generalize (n r : α) = n' at *
    generalize (o r : α) = o' at *
    generalize (q' r : α) = v' at *
    generalize (q r : α) = w' at *
    generalize ((below : Int) : α) = b' at *
    generalize ((above : Int) : α) = a' at *
    generalize ((intercept relu l h (slopeOne : Int) (below : Int) : Int) : α) = i' at *
    generalize ((intercept relu l h (-(slopeOne : Int)) (-(above : Int)) : Int) : α) = j' at *
    grind

/-- The vector is what the known layers make of the input, and lies in their boxes on the way. -/
def Reached (p : Problem) : List Known → List α → List α → Prop
  | [], input, xs => xs = input
  | known :: earlier, input, xs => ∃ before, Reached p earlier input before ∧
      before.length = known.width ∧ InBox p.scale known.neurons.ends (preRows known.rows before) ∧
      xs = (preRows known.rows before).map (activation known.relu)

/-- What forms are at least, by so many layers of pushing them back. -/
theorem descend_sound {p : Problem} {input : List α} {count : Nat} {θ : Nat → α}
    (one : 1 ≤ p.size) (positive : 0 < p.scale) (inputPositive : 0 < p.inputScale)
    (inside : InBox p.inputScale p.input input) :
    ∀ (earlier : List Known) (depth : Nat) (columns : Columns) (ts : List (Nat → Int))
      (xs : List α) (plus minus total : Nat) (q : Nat → Int)
      (next : Nat → Nat → Nat → Nat → Bool), Reached p earlier input xs →
      Parted p.bits count p.size columns ts → Counted p.bits count p.size plus minus total q →
      (∀ r, r < count → ((unit : Int) : α) * (q r : α) + ((p.scale : Int) : α) * dotAt ts r xs ≤
        ((unit : Int) : α) * θ r) →
      descend p count earlier depth columns plus minus total next = true →
      ∃ (f plus' minus' total' : Nat) (v : Nat → Int), next f plus' minus' total' = true ∧ 0 < f ∧
        Counted p.bits count p.size plus' minus' total' v ∧
        ∀ r, r < count → (v r : α) ≤ ((f : Int) : α) * θ r
  | [], depth, columns, ts, xs, plus, minus, total, q, next, reached, parted, counted, form,
      checked => by
    have equal : xs = input := reached
    subst equal
    simp only [descend] at checked
    have nonneg : (0 : Int) ≤ ((slopeOne * p.scale : Nat) : Int) := Int.natCast_nonneg _
    obtain ⟨plus', minus', total', v, asked, counted', below⟩ := evaluate_sound one nonneg p.input
      columns ts xs _ _ _ _ inside parted (counted_mul p.inputScale counted) checked
    refine ⟨p.inputScale, plus', minus', total', v, asked, inputPositive, counted', fun r hr => ?_⟩
    have h₁ := below r hr
    have hs : (0 : α) ≤ ((slopeOne : Int) : α) * ((p.inputScale : Int) : α) :=
      OrderedRing.mul_nonneg (cast_nonneg (Int.natCast_nonneg _))
        (cast_nonneg (Int.natCast_nonneg _))
    have h₂ := OrderedRing.mul_le_mul_of_nonneg_left (form r hr) hs
    apply le_of_mul_le_mul (dropped_pos (α := α))
    rw [cast_dropped] at h₁ ⊢
    rw [Int.natCast_mul, cast_mul, cast_mul] at h₁
    clear below checked asked counted counted' parted form
    generalize ((unit : Int) : α) = e at *
    generalize ((slopeOne : Int) : α) = s at *
    generalize ((p.scale : Int) : α) = c at *
    generalize ((p.inputScale : Int) : α) = f at *
    generalize dotAt ts r xs = x at *
    generalize (q r : α) = q' at *
    generalize (v r : α) = v' at *
    generalize θ r = θ' at *
    grind
  | known :: earlier, 0, columns, ts, xs, plus, minus, total, q, next, reached, parted, counted,
      form, checked => by
    obtain ⟨before, _, _, box, equal⟩ := reached
    simp only [descend] at checked
    have nonneg : (0 : Int) ≤ ((slopeOne : Nat) : Int) := Int.natCast_nonneg _
    have box' := activated_sound (relu := known.relu) positive _ _ box
    rw [← equal] at box'
    obtain ⟨plus', minus', total', v, asked, counted', below⟩ := evaluate_sound one nonneg _
      columns ts xs _ _ _ _ box' parted counted checked
    refine ⟨1, plus', minus', total', v, asked, by omega, counted', fun r hr => ?_⟩
    have h₁ := below r hr
    have h₂ := OrderedRing.mul_le_mul_of_nonneg_left (form r hr)
      (cast_nonneg (α := α) nonneg)
    have unity : (((1 : Nat) : Int) : α) = 1 := Ring.intCast_one
    apply le_of_mul_le_mul (dropped_pos (α := α))
    rw [cast_dropped] at h₁ ⊢
    rw [unity]
    clear below checked asked counted counted' parted form equal box box'
    generalize ((unit : Int) : α) = e at *
    generalize ((slopeOne : Int) : α) = s at *
    generalize ((p.scale : Int) : α) = c at *
    generalize dotAt ts r xs = x at *
    generalize (q r : α) = q' at *
    generalize (v r : α) = v' at *
    generalize θ r = θ' at *
    grind
  | known :: earlier, depth + 1, columns, ts, xs, plus, minus, total, q, next, reached, parted,
      counted, form, checked => by
    obtain ⟨before, reached', length, box, equal⟩ := reached
    simp only [descend, Bool.and_eq_true] at checked
    obtain ⟨slopes, pushed⟩ := checked
    obtain ⟨columns₁, plus₁, minus₁, total₁, ds, q₁, split, stands, counted₁, lines⟩ :=
      activationBack_sound (relu := known.relu) one positive known.neurons columns ts _ _ _ _ _ _
        box parted counted slopes pushed
    obtain ⟨columns₂, plus₂, minus₂, total₂, ts₂, q₂, more, parted₂, counted₂, affine⟩ :=
      affineSplit_sound length stands counted₁ split
    refine descend_sound one positive inputPositive inside earlier depth columns₂ ts₂ before
      plus₂ minus₂ total₂ q₂ next reached' parted₂ counted₂ (fun r hr => ?_) more
    have h₁ := lines r hr
    have h₂ := affine r hr
    have h₃ := form r hr
    have hs : (0 : α) ≤ ((slopeOne : Int) : α) := cast_nonneg (Int.natCast_nonneg _)
    have h₄ := OrderedRing.mul_le_mul_of_nonneg_left h₃ hs
    rw [← equal] at h₁
    have here : (q₁ r : α) +
        ((p.scale : Int) : α) * dotAt ds r (preRows known.rows before) ≤ θ r := by
      apply le_of_mul_le_mul (dropped_pos (α := α))
      rw [cast_dropped] at h₁ ⊢
      clear lines affine form h₂ h₃ more split pushed stands
      generalize ((unit : Int) : α) = e at *
      generalize ((slopeOne : Int) : α) = s at *
      generalize ((p.scale : Int) : α) = c at *
      generalize dotAt ts r xs = x at *
      generalize dotAt ds r (preRows known.rows before) = y at *
      generalize (q r : α) = q' at *
      generalize (q₁ r : α) = v' at *
      generalize θ r = θ' at *
      grind
    exact le_trans h₂ (OrderedRing.mul_le_mul_of_nonneg_left here
      (cast_nonneg (Int.natCast_nonneg _)))

theorem layerChecked_sound {p : Problem} {input xs : List α} {earlier : List Known}
    {depth width : Nat} {rows : List Nat} {neurons : Neurons} (positive : 0 < p.scale)
    (inputPositive : 0 < p.inputScale) (inside : InBox p.inputScale p.input input)
    (reached : Reached p earlier input xs) (length : xs.length = width)
    (checked : layerChecked p earlier depth width rows neurons = true) :
    InBox p.scale neurons.ends (preRows rows xs) := by
  simp only [layerChecked, Bool.and_eq_true] at checked
  obtain ⟨enough, split⟩ := checked
  have enough' : 59 ≤ p.size := Nat.le_of_ble_eq_true enough
  have room := affineSplit_room split
  have none : Counted p.bits (2 * rows.length) p.size 0 0 0 (fun _ => 0) :=
    ⟨by rw [pack_zero]; rfl, fun _ _ => by simp⟩
  have stands := identity_stands (bits := p.bits) (count := 2 * rows.length) enough' rows 0 1
    (by simp) (by omega)
  obtain ⟨columns, plus, minus, total, ts, q, asked, parted, counted, form⟩ :=
    affineSplit_sound length stands none split
  have form' : ∀ r, r < 2 * rows.length → ((unit : Int) : α) * (q r : α) +
      ((p.scale : Int) : α) * dotAt ts r xs ≤ ((unit : Int) : α) *
        (((formOne : Int) : α) * (((p.scale : Int) : α) * signed (preRows rows xs) r)) := by
    intro r below
    have here := form r below
    have same := (dotAt_units rows (preRows rows xs) 0 r (by simp [preRows])).1
    have zero : ((0 : Int) : α) = 0 := cast_zero
    rw [Nat.zero_add] at same
    rw [same, zero] at here
    generalize ((unit : Int) : α) = e at *
    generalize ((formOne : Int) : α) = f at *
    generalize ((p.scale : Int) : α) = c at *
    generalize signed (preRows rows xs) r = y at *
    generalize dotAt ts r xs = t at *
    generalize (q r : α) = q' at *
    clear form asked counted parted stands split same
    grind
  unfold boundsChecked at asked
  obtain ⟨f₀, plus₀, minus₀, total₀, v₀, asked₀, pos₀, counted₀, below₀⟩ :=
    descend_sound (by omega) positive inputPositive inside earlier 0 columns ts xs plus minus total
      q _ reached parted counted form' asked
  obtain ⟨f₁, plus₁, minus₁, total₁, v₁, asked₁, pos₁, counted₁, below₁⟩ :=
    descend_sound (by omega) positive inputPositive inside earlier depth columns ts xs plus minus
      total q _ reached parted counted form' asked₀
  rw [Bool.and_eq_true, Bool.and_eq_true] at asked₁
  obtain ⟨fits₀, fits₁, held⟩ := asked₁
  have twice : Nat.mul 2 rows.length = 2 * rows.length := rfl
  rw [twice, digits_eq (by omega) counted₀ (Nat.le_of_ble_eq_true fits₀),
    digits_eq (by omega) counted₁ (Nat.le_of_ble_eq_true fits₁)] at held
  have factor : ∀ f : Nat, ((Int.ofNat (Nat.mul f formOne) : Int) : α) =
      ((f : Int) : α) * ((formOne : Int) : α) := fun f => cast_natMul f formOne
  have formOne_pos : (0 : α) < ((formOne : Int) : α) := cast_pos (Nat.two_pow_pos 90)
  have product : ∀ f : Nat, 0 < f → (0 : α) < ((Int.ofNat (Nat.mul f formOne) : Int) : α) :=
    fun f pos => by
      rw [factor]
      exact OrderedRing.mul_pos (cast_pos pos) formOne_pos
  refine hold_sound (product f₀ pos₀) (product f₁ pos₁) rows neurons v₀ v₁ ?_ ?_ held
  · intro r below
    have here := below₀ r below
    rw [factor]
    grind
  · intro r below
    have here := below₁ r below
    rw [factor]
    grind

/-- The boxes of one more layer hold: it may be counted among the known ones. -/
theorem layer_sound {p : Problem} {input xs : List α} {earlier : List Known} {depth width : Nat}
    {relu : Bool} {rows : List Nat} {neurons : Neurons} (positive : 0 < p.scale)
    (inputPositive : 0 < p.inputScale) (inside : InBox p.inputScale p.input input)
    (reached : Reached p earlier input xs) (length : xs.length = width)
    (checked : layerChecked p earlier depth width rows neurons = true) :
    Reached p (⟨relu, width, rows, neurons⟩ :: earlier) input (evalRows relu rows xs) ∧
      (evalRows relu rows xs).length = rows.length := by
  have box := layerChecked_sound positive inputPositive inside reached length checked
  rw [evalRows_eq]
  exact ⟨⟨xs, reached, length, box, rfl⟩, by simp [preRows]⟩

/-- The boxes of the last layer hold of what the network computes. -/
theorem last_sound {p : Problem} {input xs : List α} {earlier : List Known} {relu : Bool}
    {width : Nat} {rows : List Nat} {neurons : Neurons} (positive : 0 < p.scale)
    (reached : Reached p (⟨relu, width, rows, neurons⟩ :: earlier) input xs) :
    InBox p.scale (activated relu neurons) xs := by
  obtain ⟨_, _, _, box, equal⟩ := reached
  rw [equal]
  exact activated_sound positive _ _ box

end Soundness

end Refsem
