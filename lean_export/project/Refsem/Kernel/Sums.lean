/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

public import Refsem.Kernel.Delivery

@[expose] public section

/-!
# Sums of two windows

## Main statements

* `Sums`: what an integer with its sign and place tells of the exact result.
* `addWindows_sums`: so does the sum of two windows, the lower of which may be jammed.
* `deliverSum_delivered`: it is delivered as the rounding of the exact result.
-/

open Lean.Grind Std

namespace Refsem.Kernel

universe u

attribute [local instance] Lean.Grind.Ring.intCast

-- Every theorem is about the same structure, whether or not it uses all of it.
set_option linter.unusedSectionVars false

variable {α : Type u} [Field α] [LE α] [LT α] [LawfulOrderLT α] [IsLinearOrder α] [OrderedRing α]

/-- `Reads`, of an integer with its sign. -/
def Sums (total : Int) (place : Nat) (w : α) : Prop :=
  w = ((total * 2 ^ place : Int) : α) ∨ 2 ^ 25 ≤ total.natAbs ∧ Stands 2 (2 ^ place) total w

theorem sums_neg {total : Int} {place : Nat} {w : α} :
    Sums total place w → Sums (-total) place (-w)
  | .inl equal => .inl (by rw [equal, Int.neg_mul, cast_neg])
  | .inr ⟨enough, stands⟩ => .inr ⟨by rw [Int.natAbs_neg]; exact enough, stands_neg stands⟩

theorem reads_of_sums {s place : Nat} {w : α} : Sums s place w → Reads s place w
  | .inl equal => .inl equal
  | .inr ⟨enough, stands⟩ => .inr ⟨by simpa using enough, stands⟩

/-! ### Two windows -/

theorem integer_mul (negative : Bool) (a b : Nat) :
    integer negative (a * b) = integer negative a * (b : Int) := by
  cases negative <;> simp [integer, Int.neg_mul]

theorem integer_mul_integer (s t : Bool) (a b : Nat) :
    integer s a * integer t b = integer (s != t) (a * b) := by
  cases s <;> cases t <;> simp [integer, Int.neg_mul, Int.mul_neg]

theorem jam_exact {b d : Nat} (divides : 2 ^ 13 ∣ b) (le : d ≤ 13) : jam b d * 2 ^ d = b := by
  have := Nat.div_mul_cancel (Nat.dvd_trans (Nat.pow_dvd_pow 2 le) divides)
  unfold jam
  rw [if_pos this]
  exact this

theorem cast_power (d : Nat) : ((2 ^ d : Nat) : Int) = 2 ^ d := by
  rw [Int.natCast_pow]; rfl

/-- A window and one that lies `d` places lower: jamming loses nothing that matters. -/
theorem windows_sums {a b q d : Nat} {s t : Bool} (divides_a : 2 ^ 13 ∣ a)
    (divides_b : 2 ^ 13 ∣ b) (small_b : b < 2 ^ 61) (large : 0 < d → 2 ^ 59 ≤ a) :
    Sums (integer s a + integer t (jam b d)) (q + d)
      ((integer s a * 2 ^ (q + d) + integer t b * 2 ^ q : Int) : α) := by
  by_cases le : d ≤ 13
  · refine Or.inl (congrArg _ ?_)
    have exact_ : integer t b = integer t (jam b d) * 2 ^ d := by
      rw [← cast_power, ← integer_mul, jam_exact divides_b le]
    rw [exact_, Int.add_mul, Nat.add_comm q d, Int.mul_assoc (integer t _), ← Int.pow_add]
  · have long := large (by omega)
    have le_jam := jam_le b d
    have half : b / 2 ^ d ≤ b / 2 ^ 13 :=
      Nat.div_le_div_left (Nat.pow_le_pow_right (by omega) (by omega)) (Nat.two_pow_pos 13)
    refine Or.inr ⟨?_, ?_⟩
    · unfold integer
      split <;> split <;> omega
    · obtain ⟨k, rfl⟩ := divides_a
      have exact_ : Stands 1 (2 ^ q) (b : Int) (((b : Int) * 2 ^ q : Int) : α) :=
        stands_exact (power_positive q) rfl
      have jammed := stands_jam (g' := 2) (h := 1) (d := d) exact_ rfl (Int.mul_one _).symm
      have sign : Stands 2 (2 ^ d * 2 ^ q) (integer t (jam b d))
          ((integer t b * 2 ^ q : Int) : α) := by
        cases t with
        | false => exact jammed
        | true =>
          have := stands_neg jammed
          rw [← cast_neg, ← Int.neg_mul] at this
          exact this
      have sum := stands_add (k := integer s (2 ^ 12 * k)) sign
      have even : integer s (2 ^ 13 * k) = integer s (2 ^ 12 * k) * 2 := by
        rw [show 2 ^ 13 * k = 2 ^ 12 * k * 2 by omega, integer_mul]; rfl
      rw [← even, ← Int.pow_add, Nat.add_comm d q, ← cast_add] at sum
      exact sum

theorem addWindows_sums {x y px py : Nat} {s t : Bool} (divides_x : 2 ^ 13 ∣ x)
    (divides_y : 2 ^ 13 ∣ y) (small_x : x < 2 ^ 61) (small_y : y < 2 ^ 61)
    (large_x : py < px → 2 ^ 59 ≤ x) (large_y : px < py → 2 ^ 59 ≤ y) :
    Sums (addWindows s x px t y py) (max px py)
      ((integer s x * 2 ^ px + integer t y * 2 ^ py : Int) : α) := by
  unfold addWindows
  rcases Nat.le_total px py with le | le
  · rw [Nat.max_eq_right le, Nat.sub_self, jam_zero]
    have sums := windows_sums (α := α) (a := y) (b := x) (q := px) (d := py - px) (s := t) (t := s)
      divides_y divides_x small_x (fun _ => large_y (by omega))
    rw [show px + (py - px) = py by omega] at sums
    rw [Int.add_comm, Int.add_comm (integer s x * 2 ^ px)]
    exact sums
  · rw [Nat.max_eq_left le, Nat.sub_self, jam_zero]
    have sums := windows_sums (α := α) (a := x) (b := y) (q := py) (d := px - py) (s := s) (t := t)
      divides_x divides_y small_y (fun _ => large_x (by omega))
    rw [show py + (px - py) = px by omega] at sums
    exact sums

theorem jam_lt {b d : Nat} (small : b < 2 ^ 61) : jam b d ≤ 2 ^ 61 := by
  have := jam_le b d
  have := Nat.div_le_self b (2 ^ d)
  omega

theorem addWindows_lt {x y px py : Nat} {s t : Bool} (small_x : x < 2 ^ 61)
    (small_y : y < 2 ^ 61) : (addWindows s x px t y py).natAbs < 2 ^ 62 := by
  unfold addWindows
  have h₁ := jam_lt (d := max px py - px) small_x
  have h₂ := jam_lt (d := max px py - py) small_y
  rcases Nat.le_total px py with le | le
  · rw [Nat.max_eq_right le, Nat.sub_self, jam_zero] at *
    unfold integer
    split <;> split <;> omega
  · rw [Nat.max_eq_left le, Nat.sub_self, jam_zero] at *
    unfold integer
    split <;> split <;> omega

/-! ### Delivering an integer with its sign -/

variable [Max α] [LawfulOrderMax α]

theorem deliver_signed {mode : Mode} {sign : Bool} {s place : Nat} {x : α}
    (sums : Sums (integer sign s) place (x * ((unit : Int) : α) * ((2 ^ 512 : Int) : α)))
    (positive : 0 < s) (small : s < 2 ^ 62) (room : 61 ≤ place) :
    Delivered mode x (deliver mode sign s place) := by
  cases sign with
  | false => exact deliver_delivered (negative := false) (reads_of_sums sums) positive small room
  | true =>
    have mirror := sums_neg sums
    rw [show -(x * ((unit : Int) : α) * ((2 ^ 512 : Int) : α)) =
      -x * ((unit : Int) : α) * ((2 ^ 512 : Int) : α) by grind] at mirror
    simp only [integer, if_true, Int.neg_neg] at mirror
    have delivered := deliver_delivered (mode := mode) (negative := true) (reads_of_sums mirror)
      positive small room
    simp only [withSign, if_true] at delivered
    rwa [show - -x = x by grind] at delivered

theorem self_rounds {F E : α → Prop} {mode : Mode} {x : α} (member : F x) :
    Rounds F E mode x x := by
  have nearest : RoundsNearest F x x := by
    refine ⟨member, fun y _ => ?_⟩
    have := abs_cases (x - x)
    have := abs_cases (x - y)
    grind
  have only (y : α) (near : RoundsNearest F x y) : y = x := roundsNearest_self member near
  match mode with
  | .nearestEven => exact ⟨nearest, Or.inr only⟩
  | .nearestAway => exact ⟨nearest, fun y near => by rw [only y near]; exact le_refl _⟩
  | .up => exact roundsUp_self member
  | .down => exact roundsDown_self member
  | .zero => exact ⟨fun _ => roundsDown_self member, fun _ => roundsUp_self member⟩

theorem real_zero : (real 0 : α) = 0 := by
  have := real_add (α := α) 0 0
  rw [Int.add_zero] at this
  grind

/-- A zero of either sign is what is delivered for an exact zero. -/
theorem zero_delivered (mode : Mode) (sign : Bool) : Delivered mode (0 : α) (signed sign 0) := by
  refine ⟨0, ?_, fun _ => ⟨?_, ?_⟩, fun above => ?_, fun lt => ?_, fun lt => ?_⟩
  · rw [real_zero]
    exact self_rounds ⟨0, representable_of_small (by decide), real_zero.symm⟩
  · cases sign <;> exact ⟨by decide, by decide⟩
  · cases sign <;> decide +kernel
  · have := grid_lt_limit (p := 0)
    have zero : grid 0 = 0 := by decide
    rw [zero] at this
    have := this.2 (by decide)
    simp only [Int.natAbs_zero] at above
    omega
  · grind
  · grind

theorem deliverSum_delivered {mode : Mode} {zeroSign : Bool} {total : Int} {place : Nat} {x : α}
    (sums : Sums total place (x * ((unit : Int) : α) * ((2 ^ 512 : Int) : α)))
    (small : total.natAbs < 2 ^ 62) (room : 61 ≤ place) :
    Delivered mode x (deliverSum mode zeroSign total place) := by
  unfold deliverSum
  by_cases zero : total = 0
  · rw [if_pos zero]
    have equal : x = 0 := by
      rcases sums with equal | ⟨enough, _⟩
      · rw [zero, Int.zero_mul, cast_zero] at equal
        have grains : (0 : α) < ((2 ^ 512 : Int) : α) := by
          have := cast_lt_iff (α := α) (a := 0) (b := 2 ^ 512)
          rw [cast_zero] at this
          exact this.2 (power_positive 512)
        have unit_pos := unit_positive (α := α)
        generalize ((unit : Int) : α) = a at *
        generalize ((2 ^ 512 : Int) : α) = b at *
        have : a ≠ 0 := by grind
        have : b ≠ 0 := by grind
        grind
      · rw [zero] at enough
        simp at enough
    rw [equal]
    exact zero_delivered mode zeroSign
  · rw [if_neg zero]
    refine deliver_signed ?_ (by omega) small room
    have same : integer (decide (total < 0)) total.natAbs = total := by
      by_cases negative : total < 0
      · simp only [integer, negative, decide_true, if_true]; omega
      · simp only [integer, negative, decide_false, Bool.false_eq_true, if_false]; omega
    rw [same]
    exact sums

end Refsem.Kernel
