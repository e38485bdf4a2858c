/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that speaks of a network.
-/
module

public import Refsem.Network

@[expose] public section

/-!
# Packing: many integers in one

A number stands for the integers that are its digits to a base, a power of two; digits may be
negative. One multiplication by a weight then does the work of as many. What is computed with such
numbers is true of every digit as long as digits are small against the base.

Digits are taken apart only where a number is rounded, which is done to all digits at once by
masks. That is no argument: the masks propose, and one equation between the numbers is computed.

## Main statements

* `eq_of_pack`: packed numbers are equal only if their digits are.
* `digits_of_within`: what a mask says of digits.
* `part_sound`: digits rounded down, as differences of natural numbers.
* `unpack_pack`: unpacking undoes packing, as long as every digit fits its field.
-/

open Lean.Grind Std

namespace Refsem

/-! ### What is computed -/

/-- The number with the digits 1 to a base two to `bits`. -/
noncomputable def ones (bits count : Nat) : Nat :=
  Nat.rec (motive := fun _ => Nat) 0 (fun _ more => Nat.add 1 (Nat.mul (Nat.pow 2 bits) more))
    count

/-- Whether each digit of a number is below two to `size`. -/
noncomputable def within (bits count size number : Nat) : Bool :=
  Nat.beq (Nat.land number (Nat.mul (ones bits count) (Nat.sub (Nat.pow 2 size) 1))) number

/-- How many bits of a digit are rounded away: those of the unit, and of a slope. -/
@[irreducible] def dropped : Nat :=
  179

/-- Whether `plus - minus` is `over - under`, shifted, and a rest of small digits; then `next`. -/
noncomputable def partChecked (bits count size plus minus : Nat) (next : Nat → Nat → Bool)
    (over under rest : Nat) : Bool :=
  (Nat.beq (Nat.add plus (Nat.mul under (Nat.pow 2 dropped)))
    (Nat.add (Nat.add minus (Nat.mul over (Nat.pow 2 dropped))) rest)).and
  ((within bits count size over).and ((within bits count size under).and
  ((within bits count dropped rest).and (next over under))))

/-- The rest that makes up the difference. -/
noncomputable def partRest (bits count size plus minus : Nat) (next : Nat → Nat → Bool)
    (over under : Nat) : Bool :=
  partChecked bits count size plus minus next over under
    (Nat.sub (Nat.add plus (Nat.mul under (Nat.pow 2 dropped)))
      (Nat.add minus (Nat.mul over (Nat.pow 2 dropped))))

/-- The negative digits of a number to whose digits a half has been added. -/
noncomputable def partUnder (bits count size plus minus : Nat) (next : Nat → Nat → Bool)
    (shifted over : Nat) : Bool :=
  partRest bits count size plus minus next over
    (Nat.sub (Nat.add over
      (Nat.mul (ones bits count) (Nat.pow 2 (Nat.sub bits (Nat.succ dropped))))) shifted)

/-- The positive digits of a number to whose digits a half has been added. -/
noncomputable def partOver (bits count size plus minus : Nat) (next : Nat → Nat → Bool)
    (shifted : Nat) : Bool :=
  partUnder bits count size plus minus next shifted
    (Nat.land shifted (Nat.mul
      (Nat.land (Nat.shiftRight shifted (Nat.sub bits (Nat.succ dropped))) (ones bits count))
      (Nat.sub (Nat.pow 2 (Nat.sub bits (Nat.succ dropped))) 1)))

/-- Rounds the digits of `plus - minus` down, and asks `next` of the positive and the negative. -/
noncomputable def part (bits count size plus minus : Nat) (next : Nat → Nat → Bool) : Bool :=
  partOver bits count size plus minus next
    (Nat.land (Nat.shiftRight (Nat.sub (Nat.add plus (Nat.mul (ones bits count)
      (Nat.pow 2 (Nat.sub bits 1)))) minus) dropped)
      (Nat.mul (ones bits count) (Nat.sub (Nat.pow 2 (Nat.sub bits dropped)) 1)))

/-- A half to every digit. -/
noncomputable def halves (base half : Int) (count : Nat) : Int :=
  Nat.rec (motive := fun _ => Int) 0 (fun _ more => Int.add half (Int.mul base more)) count

/-- The digits of a number to which `halves` has been added. -/
noncomputable def unpack (base half : Int) (count : Nat) : Int → List Int :=
  Nat.rec (motive := fun _ => Int → List Int) (fun _ => [])
    (fun _ more n => Int.sub (Int.emod n base) half :: more (Int.ediv n base)) count

/-! ### What it means -/

/-- The number with these digits to a base. -/
def pack (base : Int) : Nat → (Nat → Int) → Int
  | 0, _ => 0
  | count + 1, f => f 0 + base * pack base count (fun r => f (r + 1))

/-- So many values of a function. -/
def tabulate : Nat → (Nat → Int) → List Int
  | 0, _ => []
  | count + 1, f => f 0 :: tabulate count (fun r => f (r + 1))

theorem pack_congr {base : Int} : ∀ {count : Nat} {f g : Nat → Int},
    (∀ r, r < count → f r = g r) → pack base count f = pack base count g
  | 0, _, _, _ => rfl
  | count + 1, f, g, same => by
    have more := pack_congr (base := base) (count := count) (f := fun r => f (r + 1))
      (g := fun r => g (r + 1)) (fun r hr => same (r + 1) (by omega))
    simp only [pack, more, same 0 (by omega)]

theorem pack_zero (base : Int) : ∀ count : Nat, pack base count (fun _ => 0) = 0
  | 0 => rfl
  | count + 1 => by simp only [pack, pack_zero base count]; omega

theorem pack_add (base : Int) : ∀ (count : Nat) (f g : Nat → Int),
    pack base count (fun r => f r + g r) = pack base count f + pack base count g
  | 0, _, _ => rfl
  | count + 1, f, g => by
    simp only [pack]
    rw [pack_add base count (fun r => f (r + 1)) (fun r => g (r + 1))]
    grind

theorem pack_mul (base c : Int) : ∀ (count : Nat) (f : Nat → Int),
    pack base count (fun r => c * f r) = c * pack base count f
  | 0, _ => by simp [pack]
  | count + 1, f => by
    simp only [pack]
    rw [pack_mul base c count (fun r => f (r + 1))]
    grind

theorem pack_sub (base : Int) : ∀ (count : Nat) (f g : Nat → Int),
    pack base count (fun r => f r - g r) = pack base count f - pack base count g
  | 0, _, _ => rfl
  | count + 1, f, g => by
    simp only [pack]
    rw [pack_sub base count (fun r => f (r + 1)) (fun r => g (r + 1))]
    grind

theorem eq_zero_of_pack {base : Int} (positive : 0 < base) : ∀ {count : Nat} {f : Nat → Int},
    (∀ r, r < count → -base < f r ∧ f r < base) → pack base count f = 0 →
    ∀ r, r < count → f r = 0
  | count + 1, f, small, equal, r, below => by
    have first := small 0 (by omega)
    simp only [pack] at equal
    have others := eq_zero_of_pack positive (count := count) (f := fun r => f (r + 1))
      (fun r hr => small (r + 1) (by omega))
    generalize pack base count (fun r => f (r + 1)) = x at equal others
    have zero : x = 0 := by
      rcases Int.lt_trichotomy x 0 with h | h | h
      · have := Int.mul_le_mul_of_nonneg_left (show x ≤ -1 by omega) (Int.le_of_lt positive)
        omega
      · exact h
      · have := Int.mul_le_mul_of_nonneg_left (show 1 ≤ x by omega) (Int.le_of_lt positive)
        omega
    cases r with
    | zero => rw [zero] at equal; omega
    | succ r => exact others zero r (by omega)

/-- Packed numbers are equal only if their digits are. -/
theorem eq_of_pack {base : Int} (positive : 0 < base) {count : Nat} {f g : Nat → Int}
    (small : ∀ r, r < count → -base < f r - g r ∧ f r - g r < base)
    (equal : pack base count f = pack base count g) (r : Nat) (below : r < count) : f r = g r := by
  have none : pack base count (fun r => f r - g r) = 0 := by rw [pack_sub]; omega
  have : f r - g r = 0 := eq_zero_of_pack positive small none r below
  omega

theorem mask_low {bits size x more : Nat} (room : size ≤ bits)
    (same : x &&& (2 ^ size - 1 + 2 ^ bits * more) = x) : x % 2 ^ bits < 2 ^ size := by
  have positive : 0 < 2 ^ size := Nat.two_pow_pos size
  have wider : 2 ^ size ≤ 2 ^ bits := Nat.pow_le_pow_right (by omega) room
  have mask : (2 ^ size - 1 + 2 ^ bits * more) % 2 ^ bits = 2 ^ size - 1 := by
    rw [Nat.add_mul_mod_self_left]
    exact Nat.mod_eq_of_lt (by omega)
  have low : (x &&& (2 ^ size - 1 + 2 ^ bits * more)) % 2 ^ bits = x % 2 ^ bits % 2 ^ size := by
    rw [Nat.and_mod_two_pow, mask, Nat.and_two_pow_sub_one_eq_mod]
  rw [same] at low
  rw [low]
  exact Nat.mod_lt _ positive

theorem mask_high {bits size x more : Nat} (room : size ≤ bits)
    (same : x &&& (2 ^ size - 1 + 2 ^ bits * more) = x) :
    x / 2 ^ bits &&& more = x / 2 ^ bits := by
  have positive : 0 < 2 ^ size := Nat.two_pow_pos size
  have wider : 2 ^ size ≤ 2 ^ bits := Nat.pow_le_pow_right (by omega) room
  have mask : (2 ^ size - 1 + 2 ^ bits * more) / 2 ^ bits = more := by
    rw [Nat.add_mul_div_left _ _ (Nat.two_pow_pos bits), Nat.div_eq_of_lt (by omega)]
    omega
  have high : (x &&& (2 ^ size - 1 + 2 ^ bits * more)) / 2 ^ bits = x / 2 ^ bits &&& more := by
    rw [Nat.and_div_two_pow, mask]
  rw [same] at high
  exact high.symm

/-- The base, as an integer. -/
def base (bits : Nat) : Int :=
  ((2 ^ bits : Nat) : Int)

theorem base_pos (bits : Nat) : 0 < base bits :=
  Int.ofNat_lt.2 (Nat.two_pow_pos bits)

/-- Digits to a base of which each is natural and below two to `size`. -/
def Small (count size : Nat) (f : Nat → Int) : Prop :=
  ∀ r, r < count → 0 ≤ f r ∧ f r < base size

/-- A number that passes the mask has small digits. -/
theorem digits_of_within {bits size : Nat} (room : size ≤ bits) : ∀ {count number : Nat},
    within bits count size number = true →
    ∃ f, Small count size f ∧ (number : Int) = pack (base bits) count f
  | 0, number, checked => by
    have same : number &&& (0 * (2 ^ size - 1)) = number := Nat.eq_of_beq_eq_true checked
    rw [Nat.zero_mul, Nat.and_zero] at same
    exact ⟨fun _ => 0, fun r hr => by omega, by rw [← same]; rfl⟩
  | count + 1, number, checked => by
    have same : number &&& ((1 + 2 ^ bits * ones bits count) * (2 ^ size - 1)) = number :=
      Nat.eq_of_beq_eq_true checked
    rw [Nat.add_mul, Nat.one_mul, Nat.mul_assoc] at same
    have low := mask_low room same
    have high : within bits count size (number / 2 ^ bits) = true :=
      (Nat.beq_eq ..).mpr (mask_high room same)
    obtain ⟨f, small, equal⟩ := digits_of_within room high
    refine ⟨fun r => Nat.casesOn r ((number % 2 ^ bits : Nat) : Int) f, ?_, ?_⟩
    · intro r below
      cases r with
      | zero => exact ⟨Int.natCast_nonneg _, Int.ofNat_lt.2 low⟩
      | succ r => exact small r (by omega)
    · simp only [pack]
      rw [← equal]
      have split := Nat.mod_add_div number (2 ^ bits)
      have : ((number % 2 ^ bits + 2 ^ bits * (number / 2 ^ bits) : Nat) : Int) = number := by
        rw [split]
      rw [← this, Int.natCast_add, Int.natCast_mul]
      rfl

/-- Two numbers stand for digits that are those of another number, rounded down. -/
def Part (bits count size over under : Nat) (t : Nat → Int) : Prop :=
  ∃ p n rest : Nat → Int, (over : Int) = pack (base bits) count p ∧
    (under : Int) = pack (base bits) count n ∧ Small count size p ∧ Small count size n ∧
    Small count dropped rest ∧ ∀ r, r < count → t r = base dropped * (p r - n r) + rest r

theorem base_add (a b : Nat) : base (a + b) = base a * base b := by
  simp only [base, Nat.pow_add, Int.natCast_mul]

theorem part_bound {size : Nat} {p n rest : Int} (hp : 0 ≤ p ∧ p < base size)
    (hn : 0 ≤ n ∧ n < base size) (hr : 0 ≤ rest ∧ rest < base dropped) :
    -base (size + dropped) < base dropped * (p - n) + rest ∧
      base dropped * (p - n) + rest < base (size + dropped) := by
  rw [base_add]
  have positive := base_pos dropped
  have above := Int.mul_le_mul_of_nonneg_left (show p - n ≤ base size - 1 by omega)
    (Int.le_of_lt positive)
  have below := Int.mul_le_mul_of_nonneg_left (show 1 - base size ≤ p - n by omega)
    (Int.le_of_lt positive)
  rw [Int.mul_sub _ (base size) 1, Int.mul_comm _ (base size)] at above
  rw [Int.mul_sub _ 1 (base size), Int.mul_comm _ (base size)] at below
  generalize base dropped * (p - n) = x at *
  generalize base size * base dropped = y at *
  generalize base dropped = z at *
  omega

theorem partChecked_sound {bits count size limit plus minus over under rest : Nat}
    {next : Nat → Nat → Bool} {t : Nat → Int} (room : size + dropped ≤ bits)
    (space : limit + 2 ^ (size + dropped) ≤ 2 ^ bits)
    (small : ∀ r, r < count → (t r).natAbs ≤ limit)
    (stands : (plus : Int) - (minus : Int) = pack (base bits) count t)
    (checked : partChecked bits count size plus minus next over under rest = true) :
    ∃ over under : Nat, next over under = true ∧ Part bits count size over under t := by
  simp only [partChecked, Bool.and_eq_true] at checked
  obtain ⟨equal, isOver, isUnder, isRest, more⟩ := checked
  obtain ⟨p, smallOver, eqOver⟩ := digits_of_within (by omega) isOver
  obtain ⟨n, smallUnder, eqUnder⟩ := digits_of_within (by omega) isUnder
  obtain ⟨o, smallRest, eqRest⟩ := digits_of_within (by omega) isRest
  refine ⟨over, under, more, p, n, o, eqOver, eqUnder, smallOver, smallUnder, smallRest, ?_⟩
  have equal' : plus + under * 2 ^ dropped = minus + over * 2 ^ dropped + rest :=
    Nat.eq_of_beq_eq_true equal
  have equal'' : (plus : Int) + under * base dropped = minus + over * base dropped + rest := by
    unfold base
    rw [← Int.natCast_mul, ← Int.natCast_mul, ← Int.natCast_add, ← Int.natCast_add,
      ← Int.natCast_add, equal']
  have packed : pack (base bits) count (fun r => base dropped * (p r - n r) + o r) =
      base dropped * ((over : Int) - under) + rest := by
    rw [pack_add, pack_mul, pack_sub, ← eqOver, ← eqUnder, ← eqRest]
  refine eq_of_pack (base_pos bits) (fun r below => ?_) ?_
  · have h₁ := part_bound (smallOver r below) (smallUnder r below) (smallRest r below)
    have h₂ := small r below
    have h₃ : ((limit + 2 ^ (size + dropped) : Nat) : Int) ≤ base bits := Int.ofNat_le.2 space
    have h₄ : ((limit + 2 ^ (size + dropped) : Nat) : Int) = limit + base (size + dropped) := by
      unfold base
      rw [Int.natCast_add]
    generalize base dropped * (p r - n r) + o r = x at *
    generalize base (size + dropped) = y at *
    generalize base bits = z at *
    rw [h₄] at h₃
    clear h₄ space room equal equal' equal'' packed
    omega
  · rw [packed, ← stands, Int.mul_sub, Int.mul_comm _ (over : Int), Int.mul_comm _ (under : Int)]
    generalize (over : Int) * base dropped = x at *
    generalize (under : Int) * base dropped = y at *
    clear equal' packed space
    omega

/-- Rounding down, with what is asked of the result. -/
theorem part_sound {bits count size limit plus minus : Nat} {next : Nat → Nat → Bool}
    {t : Nat → Int} (room : size + dropped ≤ bits)
    (space : limit + 2 ^ (size + dropped) ≤ 2 ^ bits)
    (small : ∀ r, r < count → (t r).natAbs ≤ limit)
    (stands : (plus : Int) - (minus : Int) = pack (base bits) count t)
    (checked : part bits count size plus minus next = true) :
    ∃ over under : Nat, next over under = true ∧ Part bits count size over under t := by
  unfold part partOver partUnder partRest at checked
  exact partChecked_sound room space small stands checked

theorem unpack_pack {base half : Int} (positive : 0 < base) : ∀ {count : Nat} {f : Nat → Int},
    (∀ r, r < count → -half ≤ f r ∧ f r + half < base) →
    unpack base half count (pack base count f + halves base half count) = tabulate count f
  | 0, _, _ => rfl
  | count + 1, f, fits => by
    have ⟨low, high⟩ := fits 0 (by omega)
    have more := unpack_pack positive (count := count) (f := fun r => f (r + 1))
      (fun r hr => fits (r + 1) (by omega))
    have shape : pack base (count + 1) f + halves base half (count + 1) =
        (f 0 + half) + base * (pack base count (fun r => f (r + 1)) + halves base half count) := by
      have : halves base half (count + 1) = half + base * halves base half count := rfl
      rw [this]
      simp only [pack]
      grind
    have digit : ∀ x : Int, ((f 0 + half) + base * x) % base = f 0 + half := fun x => by
      rw [Int.add_mul_emod_self_left]
      exact Int.emod_eq_of_lt (by omega) high
    have others : ∀ x : Int, ((f 0 + half) + base * x) / base = x := fun x => by
      rw [Int.add_mul_ediv_left _ _ (by omega), Int.ediv_eq_zero_of_lt (by omega) high]
      omega
    have step : ∀ n : Int, unpack base half (count + 1) n =
        (n % base - half) :: unpack base half count (n / base) := fun _ => rfl
    rw [shape, step, digit, others, more]
    simp only [tabulate]
    congr 1
    omega

end Refsem
