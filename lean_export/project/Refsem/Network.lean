/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that speaks of a network.
-/
module

public import Refsem.Basic

@[expose] public section

/-!
# Networks: what their bits mean

A network is a list of layers, a layer a list of rows, a row one natural number: in hexadecimal a
leading `1`, then eight digits a weight from the last to the first, then eight digits for the
constant. Eight digits are a binary32 pattern as it stands in the model's file. The leading `1`
makes the length of a row visible, so that no weight can be lost.

The network is the real-valued one: `x ↦ max (W x + b) 0`, layer by layer, over any ordered field.

## Main definitions

* `value`: the number that a pattern stands for, times 2^149. It is an integer.
* `wellFormed`: every row has the width of its layer, and every pattern is finite (no NaN, no ∞).
* `eval`: what the network computes.
* `InBox`: a vector lies in a box, whose ends are integers over a common denominator.
-/

open Lean.Grind Std

namespace Refsem

universe u

attribute [local instance] Lean.Grind.Ring.intCast

/-- The lowest word of a row. -/
def word (row : Nat) : Nat :=
  Nat.land row 4294967295

/-- The row without its lowest word. -/
def rest (row : Nat) : Nat :=
  Nat.shiftRight row 32

/-- Whether the sign bit of a pattern is clear. -/
def isPositive (bits : Nat) : Bool :=
  Nat.beq (Nat.shiftRight bits 31) 0

/-- The absolute value of a finite pattern, times 2^149. -/
def magnitude (bits : Nat) : Nat :=
  match Nat.land (Nat.shiftRight bits 23) 255 with
  | 0 => Nat.land bits 8388607
  | exponent + 1 => Nat.shiftLeft (Nat.add (Nat.land bits 8388607) 8388608) exponent

/-- The value of a finite pattern, times 2^149. -/
def value (bits : Nat) : Int :=
  match isPositive bits with
  | true => (magnitude bits : Int)
  | false => -(magnitude bits : Int)

/-- Whether the lowest word is a number: its exponent is not that of ∞ and NaN. -/
noncomputable def isFinite (row : Nat) : Bool :=
  Bool.rec true false (Nat.beq (Nat.land row 2139095040) 2139095040)

/-- Whether what is left of a row is that many finite words under its leading `1`. -/
noncomputable def finiteWords (count : Nat) : Nat → Bool :=
  Nat.rec (motive := fun _ => Nat → Bool) (fun row => Nat.beq row 1)
    (fun _ more row => Bool.rec false (more (rest row)) (isFinite row)) count

/-- Whether every row is a constant and that many weights, all finite. -/
noncomputable def rowsWellFormed (width : Nat) (rows : List Nat) : Bool :=
  List.rec (motive := fun _ => Bool) true
    (fun row _ more => Bool.rec false more (finiteWords (width + 1) row)) rows

/-- A layer: its rows, and whether a ReLU follows. -/
structure Layer where
  relu : Bool
  rows : List Nat

/-- Whether a network that takes so many inputs is well-formed. -/
noncomputable def wellFormed : Nat → List Layer → Bool
  | _, [] => true
  | width, layer :: layers =>
    rowsWellFormed width layer.rows && wellFormed layer.rows.length layers

section Meaning

variable {α : Type u} [Field α] [Max α]

/-- The scaled dot product of the words of a row with a vector. -/
def dot : Nat → List α → α
  | _, [] => 0
  | row, x :: xs => (value (word row) : α) * x + dot (rest row) xs

/-- The scaled constant of a row plus the scaled dot product of its weights. -/
def affine (row : Nat) (xs : List α) : α :=
  dot (rest row) xs + (value (word row) : α)

/-- 2^149, the denominator of every scaled value. -/
def unit : Nat :=
  2 ^ 149

/-- What a row computes before the activation. -/
noncomputable def pre (row : Nat) (xs : List α) : α :=
  affine row xs / ((unit : Int) : α)

/-- The activation. -/
def activation (relu : Bool) (y : α) : α :=
  match relu with
  | true => max y 0
  | false => y

/-- What the rows of a layer compute. -/
noncomputable def evalRows (relu : Bool) : List Nat → List α → List α
  | [], _ => []
  | row :: rows, xs => activation relu (pre row xs) :: evalRows relu rows xs

/-- What a network computes. -/
noncomputable def eval : List Layer → List α → List α
  | [], xs => xs
  | layer :: layers, xs => eval layers (evalRows layer.relu layer.rows xs)

/-- The vector lies in the box, whose ends are numerators over the scale. -/
def InBox [LE α] (scale : Nat) : List (Int × Int) → List α → Prop
  | [], [] => True
  | (l, h) :: box, x :: xs =>
    (l : α) ≤ ((scale : Int) : α) * x ∧ ((scale : Int) : α) * x ≤ (h : α) ∧ InBox scale box xs
  | _, _ => False

end Meaning

theorem wellFormed_cons {width next : Nat} {relu : Bool} {rows : List Nat} {layers : List Layer}
    (here : rowsWellFormed width rows = true) (count : rows.length = next)
    (there : wellFormed next layers = true) :
    wellFormed width (⟨relu, rows⟩ :: layers) = true := by
  simp only [wellFormed, here, count, there, Bool.and_self]

section Casts

variable {α : Type u} [Field α]

theorem cast_zero : ((0 : Int) : α) = 0 :=
  Ring.intCast_zero

theorem cast_add (a b : Int) : ((a + b : Int) : α) = (a : α) + (b : α) :=
  Ring.intCast_add a b

theorem cast_mul (a b : Int) : ((a * b : Int) : α) = (a : α) * (b : α) :=
  Ring.intCast_mul a b

theorem cast_sub (a b : Int) : ((a - b : Int) : α) = (a : α) - (b : α) :=
  Ring.intCast_sub a b

theorem cast_neg (a : Int) : ((-a : Int) : α) = -(a : α) :=
  Ring.intCast_neg a

theorem cast_natAdd (a b : Nat) :
    (((Nat.add a b : Nat) : Int) : α) = ((a : Int) : α) + ((b : Int) : α) := by
  rw [← cast_add]; rfl

theorem cast_natMul (a b : Nat) :
    (((Nat.mul a b : Nat) : Int) : α) = ((a : Int) : α) * ((b : Int) : α) := by
  rw [← cast_mul]; rfl

end Casts

section Order

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

theorem cast_nonneg {a : Int} (h : 0 ≤ a) : (0 : α) ≤ (a : α) :=
  OrderedRing.nonneg_intCast_of_nonneg _ h

theorem cast_le {a b : Int} (h : a ≤ b) : (a : α) ≤ (b : α) := by
  have := cast_nonneg (α := α) (show (0 : Int) ≤ b - a by omega)
  rw [cast_sub] at this
  grind

theorem cast_pos {n : Nat} (h : 0 < n) : (0 : α) < ((n : Int) : α) := by
  have : ((1 : Int) : α) ≤ ((n : Int) : α) := cast_le (by omega)
  rw [Ring.intCast_one] at this
  have := OrderedRing.zero_lt_one (R := α)
  grind

theorem unit_pos : 0 < unit :=
  Nat.two_pow_pos 149

theorem mul_mono {w : Int} (hw : 0 ≤ w) {a b : α} (h : a ≤ b) : (w : α) * a ≤ (w : α) * b :=
  OrderedRing.mul_le_mul_of_nonneg_left h (cast_nonneg hw)

theorem mul_anti {w : Int} (hw : w ≤ 0) {a b : α} (h : a ≤ b) : (w : α) * b ≤ (w : α) * a := by
  have := mul_mono (α := α) (show (0 : Int) ≤ -w by omega) h
  rw [cast_neg] at this
  grind

theorem value_of_positive {bits : Nat} (h : isPositive bits = true) :
    value bits = (magnitude bits : Int) := by
  simp [value, h]

theorem value_of_negative {bits : Nat} (h : isPositive bits = false) :
    value bits = -(magnitude bits : Int) := by
  simp [value, h]

/-- Undoing the division by the unit. -/
theorem unit_mul_pre (row : Nat) (xs : List α) :
    ((unit : Int) : α) * pre row xs = affine row xs := by
  have positive : (0 : α) < ((unit : Int) : α) := cast_pos unit_pos
  unfold pre
  generalize ((unit : Int) : α) = e at *
  have : e ≠ 0 := by grind
  grind

end Order

end Refsem
