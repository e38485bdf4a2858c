/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that speaks of a network.
-/
module

public import Refsem.Network

@[expose] public section

/-!
# Interval propagation, checked by computation

A checker for each kind of layer, on natural numbers where a ReLU makes that possible, and its
soundness: if the checker says `true` of two boxes then the layer maps the one into the other. A
network's theorem is a chain of such steps, each closed by `decide +kernel`.

The ends of a box are numerators over a scale; from one layer to the next they are rounded outward
by whoever writes the boxes, and the checker compares. With scales `S` and `T` of the two boxes,
the factor `K` brings both to one denominator: `K * T = S * unit`.

The checkers are written with recursors and the operations of `Nat` that the kernel computes with
directly: that is what makes a network of thousands of weights a matter of seconds.

## Main statements

* `inputRows_sound`: a layer with a ReLU, from a box with ends of any sign.
* `hiddenRows_sound`: a layer with a ReLU, from a box of natural numbers, as after a ReLU.
* `outputRows_sound`: a layer without a ReLU, from a box of natural numbers.
* `onlyRows_sound`: a layer without a ReLU, from a box with ends of any sign.
-/

open Lean.Grind Std

namespace Refsem

universe u

attribute [local instance] Lean.Grind.Ring.intCast

/-- A box with ends that are natural numbers, as after a ReLU. -/
inductive NatBox where
  | nil
  | cons (l h : Nat) (box : NatBox)

/-- The vector lies in the box, whose ends are numerators over the scale. -/
def InNatBox {α : Type u} [Field α] [LE α] (scale : Nat) : NatBox → List α → Prop
  | .nil, [] => True
  | .cons l h box, x :: xs =>
    ((l : Int) : α) ≤ ((scale : Int) : α) * x ∧ ((scale : Int) : α) * x ≤ ((h : Int) : α) ∧
      InNatBox scale box xs
  | _, _ => False

/-- The ends as integers. -/
def NatBox.ends : NatBox → List (Int × Int)
  | .nil => []
  | .cons l h box => ((l : Int), (h : Int)) :: box.ends

theorem inNatBox_of_inBox {α : Type u} [Field α] [LE α] {scale : Nat} :
    ∀ {box : NatBox} {xs : List α}, InBox scale box.ends xs → InNatBox scale box xs
  | .nil, [], _ => True.intro
  | .cons _ _ _, _ :: _, inside => by
    obtain ⟨below, above, others⟩ := inside
    exact ⟨below, above, inNatBox_of_inBox others⟩
  | .nil, _ :: _, inside => inside.elim
  | .cons _ _ _, [], inside => inside.elim

/-! ### The checkers -/

/-- Accumulates `a - b` below and `c - d` above the dot product of a row, then asks `done`. -/
noncomputable def accumulate (done : Nat → Nat → Nat → Nat → Bool) :
    NatBox → Nat → Nat → Nat → Nat → Nat → Bool :=
  NatBox.rec (motive := fun _ => Nat → Nat → Nat → Nat → Nat → Bool)
    (fun _ a b c d => done a b c d)
    (fun l h _ more row a b c d =>
      Bool.rec
        (more (rest row) a (Nat.add b (Nat.mul (magnitude (word row)) h)) c
          (Nat.add d (Nat.mul (magnitude (word row)) l)))
        (more (rest row) (Nat.add a (Nat.mul (magnitude (word row)) l)) b
          (Nat.add c (Nat.mul (magnitude (word row)) h)) d)
        (isPositive (word row)))

/-- The same, started with the constant of the row. -/
noncomputable def accumulateRow (done : Nat → Nat → Nat → Nat → Bool) (S : Nat) (box : NatBox)
    (row : Nat) : Bool :=
  Bool.rec
    (accumulate done box (rest row) 0 (Nat.mul (magnitude (word row)) S) 0
      (Nat.mul (magnitude (word row)) S))
    (accumulate done box (rest row) (Nat.mul (magnitude (word row)) S) 0
      (Nat.mul (magnitude (word row)) S) 0)
    (isPositive (word row))

/-- One row before a ReLU, from and to a box of natural numbers. -/
noncomputable def hiddenRow (S K : Nat) (box : NatBox) (row l h : Nat) : Bool :=
  accumulateRow (fun a b c d =>
    ((Nat.ble (Nat.add (Nat.mul l K) b) a).or (Nat.beq l 0)).and
      (Nat.ble c (Nat.add (Nat.mul h K) d))) S box row

/-- The rows of a layer between two ReLUs. -/
noncomputable def hiddenRows (S K : Nat) (box : NatBox) : List Nat → NatBox → Bool :=
  List.rec (motive := fun _ => NatBox → Bool)
    (fun out => NatBox.rec true (fun _ _ _ _ => false) out)
    (fun row _ more out =>
      NatBox.rec false (fun l h out _ => (hiddenRow S K box row l h).and (more out)) out)

/-- One row of the last layer. -/
noncomputable def outputRow (S K : Nat) (box : NatBox) (row : Nat) (l h : Int) : Bool :=
  accumulateRow (fun a b c d =>
    (decide (l * (K : Int) ≤ (a : Int) - (b : Int))).and
      (decide ((c : Int) - (d : Int) ≤ h * (K : Int)))) S box row

/-- The rows of the last layer. -/
noncomputable def outputRows (S K : Nat) (box : NatBox) : List Nat → List (Int × Int) → Bool
  | [], [] => true
  | row :: rows, (l, h) :: out => (outputRow S K box row l h).and (outputRows S K box rows out)
  | _, _ => false

/-- The least value of a dot product over a box, scaled. -/
def leastDot : List (Int × Int) → Nat → Int
  | [], _ => 0
  | (l, h) :: box, row =>
    (match isPositive (word row) with
      | true => (magnitude (word row) : Int) * l
      | false => -(magnitude (word row) : Int) * h) + leastDot box (rest row)

/-- The greatest value of a dot product over a box, scaled. -/
def greatestDot : List (Int × Int) → Nat → Int
  | [], _ => 0
  | (l, h) :: box, row =>
    (match isPositive (word row) with
      | true => (magnitude (word row) : Int) * h
      | false => -(magnitude (word row) : Int) * l) + greatestDot box (rest row)

/-- The lower end `l` is at most that of `m`, or of the ReLU of it. -/
def lowerEnd (relu : Bool) (l m : Int) : Bool :=
  decide (l ≤ m) || (relu && decide (l ≤ 0))

/-- The upper end `h` is at least that of `m`, and of the ReLU of it. -/
def upperEnd (relu : Bool) (m h : Int) : Bool :=
  decide (m ≤ h) && (!relu || decide (0 ≤ h))

/-- One row from a box of integers. -/
def integerRow (relu : Bool) (S K : Nat) (box : List (Int × Int)) (row : Nat) (l h : Int) : Bool :=
  lowerEnd relu (l * (K : Int)) (leastDot box (rest row) + value (word row) * (S : Int)) &&
    upperEnd relu (greatestDot box (rest row) + value (word row) * (S : Int)) (h * (K : Int))

/-- The rows of the first layer. -/
def inputRows (S K : Nat) (box : List (Int × Int)) : List Nat → NatBox → Bool
  | [], .nil => true
  | row :: rows, .cons l h out =>
    integerRow true S K box row (l : Int) (h : Int) && inputRows S K box rows out
  | _, _ => false

/-- The rows of the only layer. -/
def onlyRows (S K : Nat) (box : List (Int × Int)) : List Nat → List (Int × Int) → Bool
  | [], [] => true
  | row :: rows, (l, h) :: out => integerRow false S K box row l h && onlyRows S K box rows out
  | _, _ => false

section Soundness

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem accumulate_sound {done : Nat → Nat → Nat → Nat → Bool} {S : Nat} :
    ∀ (box : NatBox) (row a b c d : Nat) (xs : List α), InNatBox S box xs →
      accumulate done box row a b c d = true →
      ∃ a' b' c' d' : Nat, done a' b' c' d' = true ∧
        ((a' : Int) : α) - ((b' : Int) : α) ≤
          ((a : Int) : α) - ((b : Int) : α) + ((S : Int) : α) * dot row xs ∧
        ((c : Int) : α) - ((d : Int) : α) + ((S : Int) : α) * dot row xs ≤
          ((c' : Int) : α) - ((d' : Int) : α)
  | .nil, row, a, b, c, d, [], _, checked =>
    ⟨a, b, c, d, checked, by simp only [dot]; grind, by simp only [dot]; grind⟩
  | .cons l h box, row, a, b, c, d, x :: xs, inside, checked => by
    obtain ⟨below, above, others⟩ := inside
    simp only [dot]
    have nonneg : (0 : Int) ≤ (magnitude (word row) : Int) := Int.natCast_nonneg _
    have m₁ := mul_mono (α := α) nonneg below
    have m₂ := mul_mono (α := α) nonneg above
    cases sign : isPositive (word row) with
    | true =>
      have checked' : accumulate done box (rest row)
          (Nat.add a (Nat.mul (magnitude (word row)) l)) b
          (Nat.add c (Nat.mul (magnitude (word row)) h)) d = true := by
        simp only [accumulate, sign] at checked; exact checked
      obtain ⟨a', b', c', d', e₁, e₂, e₃⟩ :=
        accumulate_sound box _ _ _ _ _ xs others checked'
      refine ⟨a', b', c', d', e₁, ?_, ?_⟩
      · rw [cast_natAdd, cast_natMul] at e₂; rw [value_of_positive sign]; grind
      · rw [cast_natAdd, cast_natMul] at e₃; rw [value_of_positive sign]; grind
    | false =>
      have checked' : accumulate done box (rest row) a
          (Nat.add b (Nat.mul (magnitude (word row)) h)) c
          (Nat.add d (Nat.mul (magnitude (word row)) l)) = true := by
        simp only [accumulate, sign] at checked; exact checked
      obtain ⟨a', b', c', d', e₁, e₂, e₃⟩ :=
        accumulate_sound box _ _ _ _ _ xs others checked'
      have negative : ((value (word row) : Int) : α) = -((magnitude (word row) : Int) : α) := by
        rw [value_of_negative sign]; exact cast_neg _
      refine ⟨a', b', c', d', e₁, ?_, ?_⟩
      · rw [cast_natAdd, cast_natMul] at e₂; rw [negative]; grind
      · rw [cast_natAdd, cast_natMul] at e₃; rw [negative]; grind

theorem accumulateRow_sound {done : Nat → Nat → Nat → Nat → Bool} {S : Nat} {box : NatBox}
    {row : Nat} {xs : List α} (inside : InNatBox S box xs)
    (checked : accumulateRow done S box row = true) :
    ∃ a b c d : Nat, done a b c d = true ∧
      (((a : Int) - (b : Int) : Int) : α) ≤ ((S : Int) : α) * affine row xs ∧
      ((S : Int) : α) * affine row xs ≤ (((c : Int) - (d : Int) : Int) : α) := by
  have zero : (((0 : Nat) : Int) : α) = 0 := cast_zero
  simp only [affine]
  unfold accumulateRow at checked
  cases sign : isPositive (word row) with
  | true =>
    rw [sign] at checked
    obtain ⟨a, b, c, d, e₁, e₂, e₃⟩ := accumulate_sound _ _ _ _ _ _ xs inside checked
    refine ⟨a, b, c, d, e₁, ?_, ?_⟩
    · rw [cast_natMul] at e₂; rw [value_of_positive sign, cast_sub]; grind
    · rw [cast_natMul] at e₃; rw [value_of_positive sign, cast_sub]; grind
  | false =>
    rw [sign] at checked
    obtain ⟨a, b, c, d, e₁, e₂, e₃⟩ := accumulate_sound _ _ _ _ _ _ xs inside checked
    have negative : ((value (word row) : Int) : α) = -((magnitude (word row) : Int) : α) := by
      rw [value_of_negative sign]; exact cast_neg _
    refine ⟨a, b, c, d, e₁, ?_, ?_⟩
    · rw [cast_natMul] at e₂; rw [negative, cast_sub]; grind
    · rw [cast_natMul] at e₃; rw [negative, cast_sub]; grind

theorem leastDot_le {S : Nat} : ∀ (box : List (Int × Int)) (row : Nat) (xs : List α),
    InBox S box xs → (leastDot box row : α) ≤ ((S : Int) : α) * dot row xs
  | [], row, [], _ => by
    have : ((0 : Int) : α) = 0 := cast_zero
    simp only [leastDot, dot]; grind
  | (l, h) :: box, row, x :: xs, inside => by
    obtain ⟨below, above, others⟩ := inside
    have more := leastDot_le box (rest row) xs others
    have nonneg : (0 : Int) ≤ (magnitude (word row) : Int) := Int.natCast_nonneg _
    have nonpos : -(magnitude (word row) : Int) ≤ 0 := by omega
    simp only [leastDot, dot]
    cases sign : isPositive (word row) with
    | true =>
      have := mul_mono (α := α) nonneg below
      simp only [value_of_positive sign]; rw [cast_add, cast_mul]; grind
    | false =>
      have := mul_anti (α := α) nonpos above
      simp only [value_of_negative sign]; rw [cast_add, cast_mul]; grind

theorem le_greatestDot {S : Nat} : ∀ (box : List (Int × Int)) (row : Nat) (xs : List α),
    InBox S box xs → ((S : Int) : α) * dot row xs ≤ (greatestDot box row : α)
  | [], row, [], _ => by
    have : ((0 : Int) : α) = 0 := cast_zero
    simp only [greatestDot, dot]; grind
  | (l, h) :: box, row, x :: xs, inside => by
    obtain ⟨below, above, others⟩ := inside
    have more := le_greatestDot box (rest row) xs others
    have nonneg : (0 : Int) ≤ (magnitude (word row) : Int) := Int.natCast_nonneg _
    have nonpos : -(magnitude (word row) : Int) ≤ 0 := by omega
    simp only [greatestDot, dot]
    cases sign : isPositive (word row) with
    | true =>
      have := mul_mono (α := α) nonneg above
      simp only [value_of_positive sign]; rw [cast_add, cast_mul]; grind
    | false =>
      have := mul_anti (α := α) nonpos below
      simp only [value_of_negative sign]; rw [cast_add, cast_mul]; grind

variable [Max α] [LawfulOrderMax α]

theorem lowerEnd_sound {relu : Bool} {t y : α} {l m : Int} (positive : 0 < t)
    (checked : lowerEnd relu l m = true) (h : (m : α) ≤ t * y) :
    (l : α) ≤ t * activation relu y := by
  simp only [lowerEnd, Bool.or_eq_true, Bool.and_eq_true, decide_eq_true_eq] at checked
  have zero : ((0 : Int) : α) = 0 := cast_zero
  cases relu with
  | false =>
    have : (l : α) ≤ (m : α) := cast_le (by simpa using checked)
    simp only [activation]; grind
  | true =>
    simp only [activation]
    have product : ∀ z : α, 0 ≤ z → 0 ≤ t * z := fun z hz =>
      OrderedRing.mul_nonneg (by grind) hz
    rcases max_cases y 0 with ⟨e, hy⟩ | ⟨e, hy⟩ <;> rw [e]
    · rcases checked with checked | ⟨_, checked⟩
      · have : (l : α) ≤ (m : α) := cast_le checked
        grind
      · have : (l : α) ≤ ((0 : Int) : α) := cast_le checked
        have := product y hy
        grind
    · have h₀ : t * y ≤ t * 0 := OrderedRing.mul_le_mul_of_nonneg_left hy (by grind)
      rcases checked with checked | ⟨_, checked⟩
      · have : (l : α) ≤ (m : α) := cast_le checked
        grind
      · have : (l : α) ≤ ((0 : Int) : α) := cast_le checked
        grind

theorem upperEnd_sound {relu : Bool} {t y : α} {m h : Int}
    (checked : upperEnd relu m h = true) (above : t * y ≤ (m : α)) :
    t * activation relu y ≤ (h : α) := by
  simp only [upperEnd, Bool.and_eq_true, decide_eq_true_eq, Bool.or_eq_true] at checked
  have zero : ((0 : Int) : α) = 0 := cast_zero
  have h₁ : (m : α) ≤ (h : α) := cast_le checked.1
  cases relu with
  | false => simp only [activation]; grind
  | true =>
    simp only [activation]
    have h₂ : ((0 : Int) : α) ≤ (h : α) := cast_le (by simpa using checked.2)
    rcases max_cases y 0 with ⟨e, _⟩ | ⟨e, _⟩ <;> rw [e] <;> grind

/-- From bounds of the scaled affine value to bounds of what the row computes. -/
theorem row_sound {S T K : Nat} {relu : Bool} {row : Nat} {xs : List α} {m M l h : Int}
    (scales : K * T = S * unit) (positive : 0 < S * K)
    (below : (m : α) ≤ ((S : Int) : α) * affine row xs)
    (above : ((S : Int) : α) * affine row xs ≤ (M : α))
    (lower : lowerEnd relu (l * (K : Int)) m = true)
    (upper : upperEnd relu M (h * (K : Int)) = true) :
    (l : α) ≤ ((T : Int) : α) * activation relu (pre row xs) ∧
      ((T : Int) : α) * activation relu (pre row xs) ≤ (h : α) := by
  have S_pos : (0 : α) < ((S : Int) : α) := cast_pos (Nat.pos_of_mul_pos_right positive)
  have K_pos : (0 : α) < ((K : Int) : α) := cast_pos (Nat.pos_of_mul_pos_left positive)
  have unit_pos : (0 : α) < ((unit : Int) : α) := cast_pos unit_pos
  have scales' : ((K : Int) : α) * ((T : Int) : α) = ((S : Int) : α) * ((unit : Int) : α) := by
    rw [← cast_mul, ← cast_mul, ← Int.natCast_mul, ← Int.natCast_mul, scales]
  have whole := unit_mul_pre (α := α) row xs
  generalize pre row xs = y at *
  generalize ((unit : Int) : α) = e at *
  have t_pos : (0 : α) < ((S : Int) : α) * e := OrderedRing.mul_pos S_pos unit_pos
  have scaled : ((S : Int) : α) * e * y = ((S : Int) : α) * affine row xs := by
    rw [← whole]; grind
  have a₁ := lowerEnd_sound t_pos lower (by rw [scaled]; exact below)
  have a₂ := upperEnd_sound upper (by rw [scaled]; exact above)
  rw [cast_mul] at a₁ a₂
  constructor
  · apply le_of_mul_le_mul K_pos; grind
  · apply le_of_mul_le_mul K_pos; grind

theorem hiddenRow_sound {S T K : Nat} {box : NatBox} {row l h : Nat} {xs : List α}
    (scales : K * T = S * unit) (positive : 0 < S * K) (inside : InNatBox S box xs)
    (checked : hiddenRow S K box row l h = true) :
    ((l : Int) : α) ≤ ((T : Int) : α) * activation true (pre row xs) ∧
      ((T : Int) : α) * activation true (pre row xs) ≤ ((h : Int) : α) := by
  obtain ⟨a, b, c, d, e₁, e₂, e₃⟩ := accumulateRow_sound inside checked
  simp only [Bool.and_eq_true, Bool.or_eq_true, Nat.ble_eq, Nat.beq_eq] at e₁
  have f₁ : Nat.add (Nat.mul l K) b = l * K + b := rfl
  have f₂ : Nat.add (Nat.mul h K) d = h * K + d := rfl
  rw [f₁, f₂] at e₁
  obtain ⟨g₁, g₂⟩ := e₁
  refine row_sound (l := (l : Int)) (h := (h : Int)) scales positive e₂ e₃ ?_ ?_
  · simp only [lowerEnd, Bool.or_eq_true, decide_eq_true_eq, Bool.and_eq_true]
    rcases g₁ with g | g
    · left
      have : ((l * K + b : Nat) : Int) ≤ (a : Int) := Int.ofNat_le.2 g
      have : ((l * K + b : Nat) : Int) = (l : Int) * (K : Int) + (b : Int) := by simp
      omega
    · right
      subst g
      simp
  · have h₁ : (c : Int) ≤ ((h * K + d : Nat) : Int) := Int.ofNat_le.2 g₂
    have h₂ : ((h * K + d : Nat) : Int) = (h : Int) * (K : Int) + (d : Int) := by simp
    have h₃ : (0 : Int) ≤ (h : Int) * (K : Int) :=
      Int.mul_nonneg (Int.natCast_nonneg _) (Int.natCast_nonneg _)
    simp only [upperEnd, Bool.and_eq_true, decide_eq_true_eq, Bool.or_eq_true]
    exact ⟨by omega, Or.inr h₃⟩

theorem hiddenRows_sound {S T K : Nat} {box : NatBox} {xs : List α}
    (scales : K * T = S * unit) (positive : 0 < S * K) (inside : InNatBox S box xs) :
    ∀ {rows : List Nat} {out : NatBox}, hiddenRows S K box rows out = true →
      InNatBox T out (evalRows true rows xs)
  | [], .nil, _ => True.intro
  | row :: rows, .cons l h out, checked => by
    have checked' : (hiddenRow S K box row l h).and (hiddenRows S K box rows out) = true := checked
    rw [Bool.and_eq_true] at checked'
    have here := hiddenRow_sound scales positive inside checked'.1
    exact ⟨here.1, here.2, hiddenRows_sound scales positive inside checked'.2⟩
  | [], .cons _ _ _, checked => by cases (checked : false = true)
  | _ :: _, .nil, checked => by cases (checked : false = true)

theorem outputRow_sound {S T K : Nat} {box : NatBox} {row : Nat} {l h : Int} {xs : List α}
    (scales : K * T = S * unit) (positive : 0 < S * K) (inside : InNatBox S box xs)
    (checked : outputRow S K box row l h = true) :
    (l : α) ≤ ((T : Int) : α) * activation false (pre row xs) ∧
      ((T : Int) : α) * activation false (pre row xs) ≤ (h : α) := by
  obtain ⟨a, b, c, d, e₁, e₂, e₃⟩ := accumulateRow_sound inside checked
  simp only [Bool.and_eq_true, decide_eq_true_eq] at e₁
  refine row_sound scales positive e₂ e₃ ?_ ?_
  · simp only [lowerEnd, Bool.or_eq_true, decide_eq_true_eq]; exact Or.inl e₁.1
  · simp only [upperEnd, Bool.and_eq_true, decide_eq_true_eq]; exact ⟨e₁.2, rfl⟩

theorem outputRows_sound {S T K : Nat} {box : NatBox} {xs : List α}
    (scales : K * T = S * unit) (positive : 0 < S * K) (inside : InNatBox S box xs) :
    ∀ {rows : List Nat} {out : List (Int × Int)}, outputRows S K box rows out = true →
      InBox T out (evalRows false rows xs)
  | [], [], _ => True.intro
  | row :: rows, (l, h) :: out, checked => by
    simp only [outputRows] at checked
    rw [Bool.and_eq_true] at checked
    have here := outputRow_sound scales positive inside checked.1
    exact ⟨here.1, here.2, outputRows_sound scales positive inside checked.2⟩
  | [], _ :: _, checked => by simp [outputRows] at checked
  | _ :: _, [], checked => by simp [outputRows] at checked

theorem integerRow_sound {S T K : Nat} {relu : Bool} {box : List (Int × Int)} {row : Nat}
    {l h : Int} {xs : List α} (scales : K * T = S * unit) (positive : 0 < S * K)
    (inside : InBox S box xs) (checked : integerRow relu S K box row l h = true) :
    (l : α) ≤ ((T : Int) : α) * activation relu (pre row xs) ∧
      ((T : Int) : α) * activation relu (pre row xs) ≤ (h : α) := by
  simp only [integerRow, Bool.and_eq_true] at checked
  have least := leastDot_le box (rest row) xs inside
  have greatest := le_greatestDot box (rest row) xs inside
  refine row_sound scales positive ?_ ?_ checked.1 checked.2
  · rw [cast_add, cast_mul]; simp only [affine]; grind
  · rw [cast_add, cast_mul]; simp only [affine]; grind

theorem inputRows_sound {S T K : Nat} {box : List (Int × Int)} {xs : List α}
    (scales : K * T = S * unit) (positive : 0 < S * K) (inside : InBox S box xs) :
    ∀ {rows : List Nat} {out : NatBox}, inputRows S K box rows out = true →
      InNatBox T out (evalRows true rows xs)
  | [], .nil, _ => True.intro
  | row :: rows, .cons l h out, checked => by
    simp only [inputRows, Bool.and_eq_true] at checked
    have here := integerRow_sound scales positive inside checked.1
    exact ⟨here.1, here.2, inputRows_sound scales positive inside checked.2⟩
  | [], .cons _ _ _, checked => by simp [inputRows] at checked
  | _ :: _, .nil, checked => by simp [inputRows] at checked

theorem onlyRows_sound {S T K : Nat} {box : List (Int × Int)} {xs : List α}
    (scales : K * T = S * unit) (positive : 0 < S * K) (inside : InBox S box xs) :
    ∀ {rows : List Nat} {out : List (Int × Int)}, onlyRows S K box rows out = true →
      InBox T out (evalRows false rows xs)
  | [], [], _ => True.intro
  | row :: rows, (l, h) :: out, checked => by
    simp only [onlyRows, Bool.and_eq_true] at checked
    have here := integerRow_sound scales positive inside checked.1
    exact ⟨here.1, here.2, onlyRows_sound scales positive inside checked.2⟩
  | [], _ :: _, checked => by simp [onlyRows] at checked
  | _ :: _, [], checked => by simp [onlyRows] at checked

end Soundness

end Refsem
