/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that speaks of a network.
-/
module

public import Refsem.Network

@[expose] public section

/-!
# Backward propagation (CROWN), checked by computation

A bound of a neuron is a bound of an affine form in the values of a layer. The form is pushed back
layer by layer: an activation is replaced by a line under it, an affine layer by what it computes,
until it is evaluated over a box. Slopes are chosen by whoever writes the certificate, and may be
anything; intercepts are derived here, as the least of what the line misses at the ends of the
neuron's box (and at 0 if that is inside). An upper bound is a lower bound of the negation.

A form `q + S * (t · v)` bounds a number `θ` from below. Coefficients `t` are integers over
`2 ^ 60 * unit`; after an activation they are integers `d` over `2 ^ 60`, rounded anyhow, for a
rounding of the slope is one more choice. To push `d` through an affine layer, the weights of each
row are packed into one number with fields of `bits` bits; one multiplication a row then does the
work of a row of them, and the sum is unpacked. The fields are wide enough: that is checked.

## Main statements

* `line_sound`: every line under a ReLU, from its values at the ends and at 0.
* `unpack_pack`: unpacking undoes packing, as long as every entry fits its field.
* `back_sound`: what a form is at least.
* `layer_sound`: the boxes of one more layer.
-/

open Lean.Grind Std

namespace Refsem

universe u

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

/-- The problem: the input box over its scale, the scale of every other box, and the field. -/
structure Problem where
  input : List (Int × Int)
  inputScale : Nat
  scale : Nat
  bits : Nat

/-! ### Packing -/

/-- The values of so many words. -/
def weights : Nat → Nat → List Int
  | 0, _ => []
  | count + 1, row => value (word row) :: weights count (rest row)

/-- The entries as digits to a base. -/
def pack (base : Int) : List Int → Int
  | [] => 0
  | t :: ts => t + base * pack base ts

/-- The values of so many words as digits to a base. -/
noncomputable def packWords (base : Int) (count : Nat) : Nat → Int :=
  Nat.rec (motive := fun _ => Nat → Int) (fun _ => 0)
    (fun _ more row => Int.add (value (word row)) (Int.mul base (more (rest row)))) count

/-- The sum of multiples of the rows' packed weights. -/
noncomputable def packedSum (base : Int) (width : Nat) : List Int → List Nat → Int :=
  List.rec (motive := fun _ => List Nat → Int) (fun _ => 0)
    (fun d _ more rows => List.rec 0
      (fun row rows _ => Int.add (Int.mul d (packWords base width (rest row))) (more rows)) rows)

/-- A half to every digit. -/
noncomputable def halves (base half : Int) (count : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun _ more => Int.add half (Int.mul base more)) count

/-- The digits of a number to which `halves` has been added. -/
noncomputable def unpack (base half : Int) (count : Nat) : Int → List Int :=
  Nat.rec (motive := fun _ => Int → List Int) (fun _ => [])
    (fun _ more n => Int.sub (Int.emod n base) half :: more (Int.ediv n base)) count

/-- A list plus a multiple of another. -/
def addMultiple (d : Int) : List Int → List Int → List Int
  | w :: ws, v :: vs => (d * w + v) :: addMultiple d ws vs
  | _, vs => vs

/-- The sum of multiples of the rows' weights, entry by entry. -/
noncomputable def weightedSum (width : Nat) : List Int → List Nat → List Int
  | d :: ds, row :: rows => addMultiple d (weights width (rest row)) (weightedSum width ds rows)
  | _, _ => List.replicate width 0

/-- The sum of multiples of the rows' constants. -/
noncomputable def constantSum : List Int → List Nat → Int :=
  List.rec (motive := fun _ => List Nat → Int) (fun _ => 0)
    (fun d _ more rows => List.rec 0
      (fun row rows _ => Int.add (Int.mul d (value (word row))) (more rows)) rows)

/-- The sum of the absolute values. -/
noncomputable def size : List Int → Nat :=
  List.rec 0 (fun d _ more => Nat.add (Int.natAbs d) more)

/-- No value of a pattern is larger than this. -/
def largest : Nat :=
  2 ^ 278

/-! ### Lines and forms -/

/-- The activation of an integer. -/
def activate (relu : Bool) (l : Int) : Int :=
  match relu, l with
  | true, .negSucc _ => 0
  | _, l => l

/-- The coefficient after an activation: the slope of the line times the one before, rounded. -/
def coefficient (below above : Nat) (c : Int) : Int :=
  match c with
  | .ofNat n => .ofNat (Nat.shiftRight (Nat.mul n below) 179)
  | .negSucc n => Int.negOfNat (Nat.shiftRight (Nat.mul (Nat.succ n) above) 179)

/-- The lesser of two integers. -/
def lesser (a b : Int) : Int :=
  match Int.sub a b with
  | .ofNat _ => b
  | .negSucc _ => a

/-- What the line misses at an end. -/
def missed (relu : Bool) (c d l : Int) : Int :=
  Int.sub (Int.mul c (activate relu l)) (Int.mul (Int.mul unit d) l)

/-- The greatest intercept of a line below a multiple of the activation. -/
def intercept (relu : Bool) (l h c d : Int) : Int :=
  match relu, l with
  | true, .negSucc _ => lesser 0 (lesser (missed relu c d l) (missed relu c d h))
  | _, _ => lesser (missed relu c d l) (missed relu c d h)

/-- The coefficients after the activation. -/
noncomputable def coefficients : Neurons → List Int → List Int :=
  Neurons.rec (motive := fun _ => List Int → List Int) (fun _ => [])
    (fun _ _ below above _ more ts =>
      List.rec [] (fun t ts _ => coefficient below above t :: more ts) ts)

/-- The sum of the intercepts. -/
noncomputable def intercepts (relu : Bool) : Neurons → List Int → Int :=
  Neurons.rec (motive := fun _ => List Int → Int) (fun _ => 0)
    (fun l h below above _ more ts => List.rec 0
      (fun t ts _ => Int.add (intercept relu l h t (coefficient below above t)) (more ts)) ts)

/-- The least value of a form over a box. -/
noncomputable def least : List Int → List (Int × Int) → Int :=
  List.rec (motive := fun _ => List (Int × Int) → Int) (fun _ => 0)
    (fun t _ more box => List.rec 0
      (fun end_ box _ => Int.add
        (match t with
          | .ofNat _ => Int.mul t end_.1
          | .negSucc _ => Int.mul t end_.2)
        (more box)) box)

/-- The boxes after the activation. -/
noncomputable def activated (relu : Bool) : Neurons → List (Int × Int) :=
  Neurons.rec [] (fun l h _ _ _ more => (activate relu l, activate relu h) :: more)

/-- Whether a number is at most a form, by so many layers of pushing it back. -/
noncomputable def back (p : Problem) : List Known → Nat → Int → List Int → Int → Bool
  | [], _, q, t, bound =>
    decide (Int.mul p.inputScale bound ≤
      Int.add (Int.mul p.inputScale q) (Int.mul p.scale (least t p.input)))
  | known :: _, 0, q, t, bound =>
    decide (bound ≤ Int.add q (least t (activated known.relu known.neurons)))
  | known :: earlier, depth + 1, q, t, bound =>
    (Nat.ble (Nat.mul (Nat.mul (size (coefficients known.neurons t)) largest) 4)
      (Nat.pow 2 (p.bits + 1))).and
    (back p earlier depth
      (Int.add (Int.add q (intercepts known.relu known.neurons t))
        (Int.mul p.scale (constantSum (coefficients known.neurons t) known.rows)))
      (unpack (Nat.pow 2 (p.bits + 1)) (Nat.pow 2 p.bits) known.width
        (Int.add (packedSum (Nat.pow 2 (p.bits + 1)) known.width (coefficients known.neurons t)
          known.rows) (halves (Nat.pow 2 (p.bits + 1)) (Nat.pow 2 p.bits) known.width)))
      bound)

/-- The scale of coefficients after an activation. -/
def fine : Int :=
  2 ^ 60

/-- Whether an integer is at most a multiple of what a row computes. -/
noncomputable def rowAtLeast (p : Problem) (earlier : List Known) (depth width row : Nat)
    (sign bound : Int) : Bool :=
  back p earlier depth (Int.mul (Int.mul sign fine) (Int.mul p.scale (value (word row))))
    ((weights width (rest row)).map (Int.mul (Int.mul sign fine)))
    (Int.mul (Int.mul fine unit) bound)

/-- Whether the boxes of the rows of a layer hold, by full depth or by one step. -/
noncomputable def layerChecked (p : Problem) (earlier : List Known) (depth width : Nat) :
    List Nat → Neurons → Bool
  | [], .nil => true
  | row :: rows, .cons l h _ _ others =>
    ((rowAtLeast p earlier depth width row 1 l).or (rowAtLeast p earlier 0 width row 1 l)).and
      (((rowAtLeast p earlier depth width row (-1) (-h)).or
        (rowAtLeast p earlier 0 width row (-1) (-h))).and
      (layerChecked p earlier depth width rows others))
  | _, _ => false

/-! ### Packing is faithful -/

theorem length_weights : ∀ count row : Nat, (weights count row).length = count
  | 0, _ => rfl
  | count + 1, row => by simp [weights, length_weights count]

theorem packWords_eq (base : Int) : ∀ count row : Nat,
    packWords base count row = pack base (weights count row)
  | 0, _ => rfl
  | count + 1, row => by
    have : packWords base (count + 1) row =
      value (word row) + base * packWords base count (rest row) := rfl
    rw [this, packWords_eq base count]
    rfl

theorem length_addMultiple (d : Int) : ∀ ws vs : List Int,
    (addMultiple d ws vs).length = vs.length
  | [], vs => by cases vs <;> rfl
  | _ :: _, [] => rfl
  | _ :: ws, _ :: vs => by simp [addMultiple, length_addMultiple d ws vs]

theorem length_weightedSum (width : Nat) : ∀ (ds : List Int) (rows : List Nat),
    (weightedSum width ds rows).length = width
  | [], rows => by cases rows <;> simp [weightedSum]
  | _ :: _, [] => by simp [weightedSum]
  | d :: ds, row :: rows => by
    simp only [weightedSum, length_addMultiple]; exact length_weightedSum width ds rows

theorem pack_addMultiple (base d : Int) : ∀ ws vs : List Int, ws.length = vs.length →
    pack base (addMultiple d ws vs) = d * pack base ws + pack base vs
  | [], [], _ => by simp [addMultiple, pack]
  | w :: ws, v :: vs, h => by
    have more := pack_addMultiple base d ws vs (by simpa using h)
    simp only [addMultiple, pack, more]
    grind
  | [], _ :: _, h => by simp at h
  | _ :: _, [], h => by simp at h

theorem pack_replicate (base : Int) : ∀ count : Nat, pack base (List.replicate count 0) = 0
  | 0 => rfl
  | count + 1 => by simp [List.replicate, pack, pack_replicate base count]

theorem packedSum_eq (base : Int) (width : Nat) : ∀ (ds : List Int) (rows : List Nat),
    packedSum base width ds rows = pack base (weightedSum width ds rows)
  | [], rows => by
    cases rows <;> simp only [weightedSum, pack_replicate] <;> rfl
  | _ :: _, [] => by simp only [weightedSum, pack_replicate]; rfl
  | d :: ds, row :: rows => by
    have unfolded : packedSum base width (d :: ds) (row :: rows) =
      d * packWords base width (rest row) + packedSum base width ds rows := rfl
    have lengths : (weights width (rest row)).length = (weightedSum width ds rows).length := by
      rw [length_weights, length_weightedSum]
    rw [unfolded, packWords_eq, packedSum_eq base width ds rows]
    simp only [weightedSum]
    rw [pack_addMultiple _ _ _ _ lengths]

theorem unpack_pack {base half : Int} (positive : 0 < base) : ∀ ts : List Int,
    (∀ t ∈ ts, -half ≤ t ∧ t + half < base) →
    unpack base half ts.length (pack base ts + halves base half ts.length) = ts
  | [], _ => rfl
  | t :: ts, fits => by
    have ⟨low, high⟩ := fits t (by simp)
    have more := unpack_pack positive ts (fun s hs => fits s (by simp [hs]))
    have shape : pack base (t :: ts) + halves base half (t :: ts).length =
        (t + half) + base * (pack base ts + halves base half ts.length) := by
      have : halves base half (t :: ts).length = half + base * halves base half ts.length := rfl
      rw [this]
      simp only [pack]
      grind
    have digit : ((t + half) + base * (pack base ts + halves base half ts.length)) % base
        = t + half := by
      rw [Int.add_mul_emod_self_left]
      exact Int.emod_eq_of_lt (by omega) high
    have others : ((t + half) + base * (pack base ts + halves base half ts.length)) / base
        = pack base ts + halves base half ts.length := by
      rw [Int.add_mul_ediv_left _ _ (by omega), Int.ediv_eq_zero_of_lt (by omega) high]
      omega
    have step : ∀ n : Int, unpack base half (t :: ts).length n =
        (n % base - half) :: unpack base half ts.length (n / base) := fun _ => rfl
    rw [shape, step, digit, others, more]
    congr 1
    omega

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

theorem natAbs_weights_le : ∀ (count row : Nat), ∀ w ∈ weights count row, w.natAbs ≤ largest
  | 0, _ => by simp [weights]
  | count + 1, row => by
    intro w member
    simp only [weights, List.mem_cons] at member
    rcases member with equal | member
    · rw [equal]; exact natAbs_value_le _
    · exact natAbs_weights_le count _ w member

theorem natAbs_addMultiple_le {d : Int} {a b m : Nat} (small : d.natAbs ≤ a) :
    ∀ ws vs : List Int, (∀ w ∈ ws, w.natAbs ≤ m) → (∀ v ∈ vs, v.natAbs ≤ b) →
      ∀ t ∈ addMultiple d ws vs, t.natAbs ≤ a * m + b
  | [], vs, _, hv => by
    intro t member
    have : t ∈ vs := by cases vs <;> exact member
    have := hv t this
    omega
  | _ :: _, [], _, _ => by simp [addMultiple]
  | w :: ws, v :: vs, hw, hv => by
    intro t member
    simp only [addMultiple, List.mem_cons] at member
    rcases member with equal | member
    · have h₁ : (d * w).natAbs ≤ a * m := by
        rw [Int.natAbs_mul]
        exact Nat.mul_le_mul small (hw w (by simp))
      have h₂ := hv v (by simp)
      rw [equal]
      omega
    · exact natAbs_addMultiple_le small ws vs (fun x hx => hw x (by simp [hx]))
        (fun x hx => hv x (by simp [hx])) t member

theorem natAbs_weightedSum_le (width : Nat) : ∀ (ds : List Int) (rows : List Nat),
    ∀ t ∈ weightedSum width ds rows, t.natAbs ≤ size ds * largest
  | [], rows => by
    intro t member
    have : t = 0 := by cases rows <;> simp [weightedSum] at member <;> exact member.2
    simp [this]
  | _ :: _, [] => by
    intro t member
    simp [weightedSum] at member
    simp [member.2]
  | d :: ds, row :: rows => by
    intro t member
    have more := natAbs_weightedSum_le width ds rows
    have := natAbs_addMultiple_le (Nat.le_refl d.natAbs) _ _ (natAbs_weights_le width (rest row))
      more t member
    have unfolded : size (d :: ds) = d.natAbs + size ds := rfl
    rw [unfolded, Nat.add_mul]
    exact this

theorem unpack_packedSum {bits width : Nat} {ds : List Int} {rows : List Nat}
    (fits : size ds * largest * 4 ≤ 2 ^ (bits + 1)) :
    unpack (Nat.pow 2 (bits + 1)) (Nat.pow 2 bits) width
      (packedSum (Nat.pow 2 (bits + 1)) width ds rows +
        halves (Nat.pow 2 (bits + 1)) (Nat.pow 2 bits) width) = weightedSum width ds rows := by
  have positive : 0 < 2 ^ bits := Nat.two_pow_pos bits
  have double : 2 ^ (bits + 1) = 2 ^ bits * 2 := by rw [Nat.pow_succ]
  have basePositive : (0 : Int) < ((Nat.pow 2 (bits + 1) : Nat) : Int) :=
    Int.ofNat_lt.2 (Nat.two_pow_pos _)
  rw [packedSum_eq]
  have length := length_weightedSum width ds rows
  have entries := natAbs_weightedSum_le width ds rows
  generalize weightedSum width ds rows = ts at *
  subst length
  refine unpack_pack basePositive ts (fun t member => ?_)
  have small := entries t member
  have p₁ : ((Nat.pow 2 (bits + 1) : Nat) : Int) = ((2 ^ (bits + 1) : Nat) : Int) := rfl
  have p₂ : ((Nat.pow 2 bits : Nat) : Int) = ((2 ^ bits : Nat) : Int) := rfl
  rw [p₁, p₂]
  generalize 2 ^ (bits + 1) = b at *
  generalize 2 ^ bits = c at *
  omega

section Soundness

variable {α : Type u} [Field α]

/-- The sum of multiples of a vector's entries. -/
def dotInt : List Int → List α → α
  | c :: cs, x :: xs => (c : α) * x + dotInt cs xs
  | _, _ => 0

theorem dotInt_nil (cs : List Int) : dotInt cs ([] : List α) = 0 := by
  cases cs <;> rfl

theorem dot_eq : ∀ (row : Nat) (xs : List α), dot row xs = dotInt (weights xs.length row) xs
  | _, [] => rfl
  | row, x :: xs => by
    simp only [dot, List.length_cons, weights, dotInt]
    rw [dot_eq (rest row) xs]

theorem dotInt_addMultiple (d : Int) : ∀ (ws vs : List Int) (xs : List α), ws.length = vs.length →
    dotInt (addMultiple d ws vs) xs = (d : α) * dotInt ws xs + dotInt vs xs
  | [], [], xs, _ => by simp only [addMultiple, dotInt]; grind
  | _ :: _, _ :: _, [], _ => by simp only [dotInt_nil]; grind
  | w :: ws, v :: vs, x :: xs, h => by
    have more := dotInt_addMultiple d ws vs xs (by simpa using h)
    simp only [addMultiple, dotInt, more]
    rw [cast_add, cast_mul]
    grind
  | [], _ :: _, _, h => by simp at h
  | _ :: _, [], _, h => by simp at h

theorem dotInt_replicate : ∀ (count : Nat) (xs : List α), dotInt (List.replicate count 0) xs = 0
  | 0, _ => rfl
  | _ + 1, [] => by simp only [dotInt_nil]
  | count + 1, x :: xs => by
    have : ((0 : Int) : α) = 0 := cast_zero
    simp only [List.replicate, dotInt, dotInt_replicate count xs]
    grind

theorem dotInt_map_mul (s : Int) : ∀ (cs : List Int) (xs : List α),
    dotInt (cs.map (Int.mul s)) xs = (s : α) * dotInt cs xs
  | [], xs => by simp only [List.map, dotInt]; grind
  | _ :: _, [] => by simp only [dotInt_nil]; grind
  | c :: cs, x :: xs => by
    have product : ((Int.mul s c : Int) : α) = (s : α) * (c : α) := cast_mul s c
    simp only [List.map, dotInt, dotInt_map_mul s cs xs, product]
    grind

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

variable [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

/-- Pushing a form back through an affine layer. -/
theorem affine_step {width : Nat} {xs : List α} (length : xs.length = width) :
    ∀ (ds : List Int) (rows : List Nat),
      ((unit : Int) : α) * dotInt ds (preRows rows xs) =
        dotInt (weightedSum width ds rows) xs + (constantSum ds rows : α)
  | [], rows => by
    have zero : constantSum [] rows = 0 := rfl
    have : ((0 : Int) : α) = 0 := cast_zero
    rw [zero]
    cases rows <;> simp only [weightedSum, dotInt_replicate, dotInt] <;> grind
  | d :: ds, [] => by
    have zero : constantSum (d :: ds) [] = 0 := rfl
    have : ((0 : Int) : α) = 0 := cast_zero
    rw [zero]
    simp only [weightedSum, dotInt_replicate, preRows, List.map, dotInt]
    grind
  | d :: ds, row :: rows => by
    have more := affine_step length ds rows
    have lengths : (weights width (rest row)).length = (weightedSum width ds rows).length := by
      rw [length_weights, length_weightedSum]
    have here := unit_mul_pre (α := α) row xs
    have constants : constantSum (d :: ds) (row :: rows) =
      d * value (word row) + constantSum ds rows := rfl
    simp only [affine] at here
    rw [dot_eq, length] at here
    simp only [weightedSum, preRows, List.map, dotInt]
    rw [dotInt_addMultiple _ _ _ _ lengths, constants, cast_add, cast_mul]
    simp only [preRows] at more
    grind

theorem least_le {scale : Nat} : ∀ (ts : List Int) (box : List (Int × Int)) (xs : List α),
    InBox scale box xs → (least ts box : α) ≤ ((scale : Int) : α) * dotInt ts xs
  | [], box, xs, _ => by
    have zero : least [] box = 0 := rfl
    have : ((0 : Int) : α) = 0 := cast_zero
    rw [zero]
    simp only [dotInt]; grind
  | t :: ts, [], [], _ => by
    have zero : least (t :: ts) [] = 0 := rfl
    have : ((0 : Int) : α) = 0 := cast_zero
    rw [zero]
    simp only [dotInt]; grind
  | t :: ts, (l, h) :: box, x :: xs, inside => by
    obtain ⟨below, above, others⟩ := inside
    have more := least_le ts box xs others
    simp only [dotInt]
    cases t with
    | ofNat n =>
      have unfolded : least (Int.ofNat n :: ts) ((l, h) :: box) =
        Int.ofNat n * l + least ts box := rfl
      have := mul_mono (α := α) (w := Int.ofNat n) (Int.natCast_nonneg n) below
      rw [unfolded, cast_add, cast_mul]; grind
    | negSucc n =>
      have unfolded : least (Int.negSucc n :: ts) ((l, h) :: box) =
        Int.negSucc n * h + least ts box := rfl
      have := mul_anti (α := α) (w := Int.negSucc n) (by omega) above
      rw [unfolded, cast_add, cast_mul]; grind

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
    ((unit : Int) : α) * (d : α) * (l : α) + (b : α) ≤
      (c : α) * ((activate relu l : Int) : α) := by
  have unfolded : missed relu c d l = c * activate relu l - unit * d * l := rfl
  rw [unfolded] at h
  have := cast_le (α := α) h
  rw [cast_sub, cast_mul, cast_mul, cast_mul] at this
  grind

theorem fine_pos : (0 : α) < (fine : α) := by
  have : (0 : α) < (((2 ^ 60 : Nat) : Int) : α) := cast_pos (Nat.two_pow_pos 60)
  exact this

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
    (intercept relu l h c d : α) + ((scale : Int) : α) * (((unit : Int) : α) * ((d : α) * y)) ≤
      ((scale : Int) : α) * ((c : α) * activation relu y) := by
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

/-- Replacing every activation of a form by a line. -/
theorem activation_step {relu : Bool} {scale : Nat} (positive : 0 < scale) :
    ∀ (neurons : Neurons) (ts : List Int) (ys : List α), InBox scale neurons.ends ys →
      (intercepts relu neurons ts : α) + ((scale : Int) : α) *
          (((unit : Int) : α) * dotInt (coefficients neurons ts) ys) ≤
        ((scale : Int) : α) * dotInt ts (ys.map (activation relu))
  | .nil, ts, [], _ => by
    have h₁ : intercepts relu .nil ts = 0 := rfl
    have : ((0 : Int) : α) = 0 := cast_zero
    rw [h₁]
    simp only [List.map, dotInt_nil]; grind
  | .cons l h below above others, [], y :: ys, _ => by
    have h₁ : intercepts relu (.cons l h below above others) [] = 0 := rfl
    have h₂ : coefficients (.cons l h below above others) [] = [] := rfl
    have : ((0 : Int) : α) = 0 := cast_zero
    rw [h₁, h₂]
    simp only [dotInt]; grind
  | .cons l h below above others, t :: ts, y :: ys, inside => by
    obtain ⟨lower, upper, rest⟩ := inside
    have more := activation_step (relu := relu) positive others ts ys rest
    have here := intercept_sound (relu := relu) (c := t) (d := coefficient below above t)
      positive lower upper
    have h₁ : intercepts relu (.cons l h below above others) (t :: ts) =
      intercept relu l h t (coefficient below above t) + intercepts relu others ts := rfl
    have h₂ : coefficients (.cons l h below above others) (t :: ts) =
      coefficient below above t :: coefficients others ts := rfl
    rw [h₁, h₂, cast_add]
    simp only [List.map, dotInt]
    grind

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

/-- The vector is what the known layers make of the input, and lies in their boxes on the way. -/
def Reached (p : Problem) : List Known → List α → List α → Prop
  | [], input, xs => xs = input
  | known :: earlier, input, xs => ∃ before, Reached p earlier input before ∧
      before.length = known.width ∧ InBox p.scale known.neurons.ends (preRows known.rows before) ∧
      xs = (preRows known.rows before).map (activation known.relu)

theorem back_sound {p : Problem} {input : List α} {θ : α} {bound : Int} (positive : 0 < p.scale)
    (inputPositive : 0 < p.inputScale) (inside : InBox p.inputScale p.input input) :
    ∀ (earlier : List Known) (depth : Nat) (q : Int) (t : List Int) (xs : List α),
      Reached p earlier input xs → (q : α) + ((p.scale : Int) : α) * dotInt t xs ≤ θ →
      back p earlier depth q t bound = true → (bound : α) ≤ θ
  | [], depth, q, t, xs, reached, form, checked => by
    have equal : xs = input := reached
    subst equal
    simp only [back, decide_eq_true_eq] at checked
    have checked' : (p.inputScale : Int) * bound ≤
      (p.inputScale : Int) * q + (p.scale : Int) * least t p.input := checked
    have h₁ := cast_le (α := α) checked'
    rw [cast_add, cast_mul, cast_mul, cast_mul] at h₁
    have h₂ := least_le t p.input xs inside
    have h₃ := mul_mono (α := α) (w := (p.scale : Int)) (Int.natCast_nonneg _) h₂
    have h₄ := mul_mono (α := α) (w := (p.inputScale : Int)) (Int.natCast_nonneg _) form
    apply le_of_mul_le_mul (cast_pos inputPositive)
    grind
  | known :: earlier, 0, q, t, xs, reached, form, checked => by
    obtain ⟨before, _, _, box, equal⟩ := reached
    simp only [back, decide_eq_true_eq] at checked
    have checked' : bound ≤ q + least t (activated known.relu known.neurons) := checked
    have h₁ := cast_le (α := α) checked'
    rw [cast_add] at h₁
    have h₂ := least_le t _ _ (activated_sound (relu := known.relu) positive _ _ box)
    rw [← equal] at h₂
    grind
  | known :: earlier, depth + 1, q, t, xs, reached, form, checked => by
    obtain ⟨before, reached', length, box, equal⟩ := reached
    simp only [back, Bool.and_eq_true] at checked
    obtain ⟨fits, checked⟩ := checked
    have fits' : size (coefficients known.neurons t) * largest * 4 ≤ 2 ^ (p.bits + 1) :=
      Nat.le_of_ble_eq_true fits
    have unpacked := unpack_packedSum (width := known.width) (rows := known.rows) fits'
    have unpacked' : unpack (Nat.pow 2 (p.bits + 1)) (Nat.pow 2 p.bits) known.width
        (Int.add (packedSum (Nat.pow 2 (p.bits + 1)) known.width (coefficients known.neurons t)
          known.rows) (halves (Nat.pow 2 (p.bits + 1)) (Nat.pow 2 p.bits) known.width)) =
        weightedSum known.width (coefficients known.neurons t) known.rows := unpacked
    rw [unpacked'] at checked
    refine back_sound positive inputPositive inside earlier depth _ _ before reached' ?_ checked
    have step := activation_step (relu := known.relu) positive known.neurons t _ box
    have affine := affine_step length (coefficients known.neurons t) known.rows
    rw [← equal, affine] at step
    have constant : ∀ a b c : Int, ((Int.add (Int.add a b) (Int.mul p.scale c) : Int) : α) =
        (a : α) + (b : α) + ((p.scale : Int) : α) * (c : α) := fun a b c => by
      have : Int.add (Int.add a b) (Int.mul p.scale c) = a + b + p.scale * c := rfl
      rw [this, cast_add, cast_add, cast_mul]
    rw [constant]
    grind

theorem rowAtLeast_sound {p : Problem} {input xs : List α} {earlier : List Known}
    {depth width row : Nat} {sign bound : Int} (positive : 0 < p.scale)
    (inputPositive : 0 < p.inputScale) (inside : InBox p.inputScale p.input input)
    (reached : Reached p earlier input xs) (length : xs.length = width)
    (checked : rowAtLeast p earlier depth width row sign bound = true) :
    (bound : α) ≤ (sign : α) * (((p.scale : Int) : α) * pre row xs) := by
  unfold rowAtLeast at checked
  have whole := unit_mul_pre (α := α) row xs
  simp only [affine] at whole
  rw [dot_eq, length] at whole
  have result := back_sound (θ := (fine : α) * ((unit : Int) : α) *
      ((sign : α) * (((p.scale : Int) : α) * pre row xs))) positive inputPositive inside
    earlier depth _ _ xs reached ?_ checked
  · have split : ((Int.mul (Int.mul fine unit) bound : Int) : α) =
        (fine : α) * ((unit : Int) : α) * (bound : α) := by
      have : Int.mul (Int.mul fine unit) bound = fine * unit * bound := rfl
      rw [this, cast_mul, cast_mul]
    rw [split] at result
    exact le_of_mul_le_mul (OrderedRing.mul_pos fine_pos (cast_pos unit_pos)) result
  · rw [dotInt_map_mul]
    have h₁ : ((Int.mul sign fine : Int) : α) = (sign : α) * (fine : α) := cast_mul _ _
    have h₂ : ((Int.mul (Int.mul sign fine) (Int.mul p.scale (value (word row))) : Int) : α) =
        (sign : α) * (fine : α) * (((p.scale : Int) : α) * (value (word row) : α)) := by
      have : Int.mul (Int.mul sign fine) (Int.mul p.scale (value (word row))) =
        sign * fine * (p.scale * value (word row)) := rfl
      rw [this, cast_mul, cast_mul, cast_mul]
    rw [h₁, h₂]
    generalize ((unit : Int) : α) = e at *
    generalize pre row xs = y at *
    generalize dotInt (weights width (rest row)) xs = s at *
    generalize (value (word row) : α) = v at *
    rw [show (fine : α) * e * ((sign : α) * (((p.scale : Int) : α) * y)) =
      (fine : α) * (sign : α) * ((p.scale : Int) : α) * (e * y) by grind, whole]
    grind

theorem layerChecked_sound {p : Problem} {input xs : List α} {earlier : List Known}
    {depth width : Nat} (positive : 0 < p.scale) (inputPositive : 0 < p.inputScale)
    (inside : InBox p.inputScale p.input input) (reached : Reached p earlier input xs)
    (length : xs.length = width) : ∀ {rows : List Nat} {neurons : Neurons},
      layerChecked p earlier depth width rows neurons = true →
      InBox p.scale neurons.ends (preRows rows xs)
  | [], .nil, _ => True.intro
  | row :: rows, .cons l h _ _ others, checked => by
    simp only [layerChecked, Bool.and_eq_true, Bool.or_eq_true] at checked
    obtain ⟨lower, upper, more⟩ := checked
    have more' := layerChecked_sound positive inputPositive inside reached length more
    have one : ((1 : Int) : α) = 1 := Ring.intCast_one
    have minus : ((-1 : Int) : α) = -1 := by rw [cast_neg, one]
    have h₁ : (l : α) ≤ ((1 : Int) : α) * (((p.scale : Int) : α) * pre row xs) := by
      rcases lower with lower | lower <;>
        exact rowAtLeast_sound positive inputPositive inside reached length lower
    have h₂ : ((-h : Int) : α) ≤ ((-1 : Int) : α) * (((p.scale : Int) : α) * pre row xs) := by
      rcases upper with upper | upper <;>
        exact rowAtLeast_sound positive inputPositive inside reached length upper
    rw [one] at h₁
    rw [minus, cast_neg] at h₂
    exact ⟨by grind, by grind, more'⟩
  | [], .cons _ _ _ _ _, checked => by simp [layerChecked] at checked
  | _ :: _, .nil, checked => by simp [layerChecked] at checked

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
