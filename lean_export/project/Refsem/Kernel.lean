/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project that holds all rules.
-/
module

@[expose] public section

/-!
# The kernel: binary32 arithmetic on patterns, in integers

Sums, products, fused products and sums, quotients and square roots of binary32 patterns, as
refsem's integer kernel computes them: unpack, align (bits that do not fit are *jammed* into the
last one), bring to 62 bits, round by adding and dropping, cap at infinity. It can be run. That it
computes roundings is proved in `Refsem/Arithmetic.lean`; this file says only how.

Patterns are natural numbers below 2^32. A number other than zero is
`(-1)^sign * significand * 2^(place - 661)`: a *place* is an exponent that is never negative.
Every NaN delivered is the canonical one; there are no flags, and subnormal numbers are kept.

## Main definitions

* `add`, `sub`, `mul`, `fma`, `div`, `sqrt`: one rounding each, in a mode.
* `deliver`: the one place where anything is rounded.
-/

namespace Refsem.Kernel

/-- The rounding modes of IEEE 754-2019 §4.3. -/
inductive Mode where
  | nearestEven
  | nearestAway
  | up
  | down
  | zero

/-- The pattern of infinity; greater ones are NaNs, up to the sign bit. -/
def infinity : Nat :=
  0x7f800000

/-- The canonical NaN. -/
def nan : Nat :=
  0x7fc00000

/-- A magnitude with a sign. -/
def signed (negative : Bool) (magnitude : Nat) : Nat :=
  if negative then magnitude + 2 ^ 31 else magnitude

def isNegative (bits : Nat) : Bool :=
  2 ^ 31 ≤ bits

/-- A pattern without its sign. -/
def magnitudeOf (bits : Nat) : Nat :=
  bits % 2 ^ 31

def isNaN (bits : Nat) : Bool :=
  infinity < magnitudeOf bits

def isInfinite (bits : Nat) : Bool :=
  magnitudeOf bits == infinity

/-- The significand of a finite magnitude, with the hidden bit if it is normal. -/
def significandOf (magnitude : Nat) : Nat :=
  if magnitude < 2 ^ 23 then magnitude else magnitude % 2 ^ 23 + 2 ^ 23

/-- The exponent of the significand's last bit, counted from that of the least number. -/
def exponentOf (magnitude : Nat) : Nat :=
  magnitude / 2 ^ 23 - 1

/-- How far the significand of a magnitude must be shifted to have 24 bits. -/
def roomOf (magnitude : Nat) : Nat :=
  23 - (significandOf magnitude).log2

/-- The significand of a finite magnitude other than zero, shifted to 24 bits. -/
def fullOf (magnitude : Nat) : Nat :=
  significandOf magnitude * 2 ^ roomOf magnitude

/-- The place of the last bit of `fullOf`. -/
def placeOf (magnitude : Nat) : Nat :=
  exponentOf magnitude + 512 - roomOf magnitude

/-- A number shifted right, the last bit set if any was lost. -/
def jam (significand distance : Nat) : Nat :=
  if significand / 2 ^ distance * 2 ^ distance = significand then significand / 2 ^ distance
  else significand / 2 ^ distance / 2 * 2 + 1

/-- Whether a directed mode leads numbers of this sign away from zero. -/
def leadsAway : Mode → Bool → Bool
  | .up, negative => !negative
  | .down, negative => negative
  | _, _ => false

/-- What to add before dropping `discard` bits, so that the rest is rounded in the mode. -/
def growth (mode : Mode) (negative : Bool) (odd discard : Nat) : Nat :=
  match mode with
  | .nearestEven => 2 ^ (discard - 1) - 1 + odd
  | .nearestAway => 2 ^ (discard - 1)
  | mode => if leadsAway mode negative then 2 ^ discard - 1 else 0

/-- A significand without its last `discard` bits, rounded. -/
def drop (mode : Mode) (negative : Bool) (significand discard : Nat) : Nat :=
  (significand + growth mode negative (significand / 2 ^ discard % 2) discard) / 2 ^ discard

/-- The magnitude of an overflow: the greatest finite one unless the mode leads on. -/
def overflowed (mode : Mode) (negative : Bool) : Nat :=
  match mode with
  | .nearestEven | .nearestAway => infinity
  | mode => if leadsAway mode negative then infinity else infinity - 1

/-- The magnitude of a number rounded, were there no greatest one, for 0 < significand < 2^62. -/
def unlimited (mode : Mode) (negative : Bool) (significand place : Nat) : Nat :=
  let length := significand.log2 + 1
  let window := significand * 2 ^ (62 - length)
  if place + length < 536 then drop mode negative (jam window (536 - (place + length))) 38
  else (place + length - 536) * 2 ^ 23 + drop mode negative window 38

/-- The pattern of a number rounded, for 0 < significand < 2^62. -/
def deliver (mode : Mode) (negative : Bool) (significand place : Nat) : Nat :=
  let magnitude := unlimited mode negative significand place
  signed negative (if infinity ≤ magnitude then overflowed mode negative else magnitude)

/-! ### Sums and products -/

/-- An integer by its sign and absolute value. -/
def integer (negative : Bool) (absolute : Nat) : Int :=
  if negative then -(absolute : Int) else absolute

/-- The sum of two significands with their signs and places, at the greater place, jammed. -/
def addWindows (signX : Bool) (x placeX : Nat) (signY : Bool) (y placeY : Nat) : Int :=
  integer signX (jam x (max placeX placeY - placeX)) +
    integer signY (jam y (max placeX placeY - placeY))

/-- The sign of an exact zero sum of terms of these signs. -/
def zeroSumSign (mode : Mode) (one other : Bool) : Bool :=
  if one = other then one
  else match mode with
    | .down => true
    | _ => false

/-- A sum rounded; a zero sum has the given sign. -/
def deliverSum (mode : Mode) (zeroSign : Bool) (total : Int) (place : Nat) : Nat :=
  if total = 0 then signed zeroSign 0 else deliver mode (total < 0) total.natAbs place

/-- The sum of finite patterns. -/
def addFinite (mode : Mode) (x y : Nat) : Nat :=
  let placeX := exponentOf (magnitudeOf x) + 475
  let placeY := exponentOf (magnitudeOf y) + 475
  deliverSum mode (zeroSumSign mode (isNegative x) (isNegative y))
    (addWindows (isNegative x) (significandOf (magnitudeOf x) * 2 ^ 37) placeX
      (isNegative y) (significandOf (magnitudeOf y) * 2 ^ 37) placeY)
    (max placeX placeY)

/-- The sum of two patterns; ∞ - ∞ is a NaN. -/
def add (mode : Mode) (x y : Nat) : Nat :=
  if isNaN x || isNaN y then nan
  else if isInfinite x then
    if isInfinite y && isNegative x != isNegative y then nan else x
  else if isInfinite y then y
  else addFinite mode x y

/-- A pattern with its sign changed. -/
def negate (bits : Nat) : Nat :=
  if isNegative bits then bits - 2 ^ 31 else bits + 2 ^ 31

/-- The difference of two patterns. -/
def sub (mode : Mode) (x y : Nat) : Nat :=
  add mode x (negate y)

/-- The product of finite patterns. -/
def mulFinite (mode : Mode) (x y : Nat) : Nat :=
  let product := significandOf (magnitudeOf x) * significandOf (magnitudeOf y)
  let sign := isNegative x != isNegative y
  if product = 0 then signed sign 0
  else deliver mode sign product (exponentOf (magnitudeOf x) + exponentOf (magnitudeOf y) + 363)

/-- The product of two patterns; ∞ · 0 is a NaN. -/
def mul (mode : Mode) (x y : Nat) : Nat :=
  if isNaN x || isNaN y then nan
  else if isInfinite x || isInfinite y then
    if magnitudeOf x = 0 || magnitudeOf y = 0 then nan
    else signed (isNegative x != isNegative y) infinity
  else mulFinite mode x y

/-- The value x · y + z of finite patterns, rounded once. -/
def fmaFinite (mode : Mode) (x y z : Nat) : Nat :=
  let sign := isNegative x != isNegative y
  let product := fullOf (magnitudeOf x) * fullOf (magnitudeOf y)
  let place := placeOf (magnitudeOf x) + placeOf (magnitudeOf y) - 661
  if magnitudeOf x = 0 || magnitudeOf y = 0 then
    if magnitudeOf z = 0 then signed (zeroSumSign mode sign (isNegative z)) 0
    else deliver mode (isNegative z) (fullOf (magnitudeOf z)) (placeOf (magnitudeOf z))
  else if magnitudeOf z = 0 then deliver mode sign product place
  else
    deliverSum mode (zeroSumSign mode sign (isNegative z))
      (addWindows sign (product * 2 ^ 13) (place - 13)
        (isNegative z) (fullOf (magnitudeOf z) * 2 ^ 37) (placeOf (magnitudeOf z) - 37))
      (max (place - 13) (placeOf (magnitudeOf z) - 37))

/-- The value x · y + z, rounded once; ∞ · 0 and ∞ - ∞ are NaNs. -/
def fma (mode : Mode) (x y z : Nat) : Nat :=
  let sign := isNegative x != isNegative y
  if isNaN x || isNaN y || isNaN z then nan
  else if isInfinite x || isInfinite y then
    if magnitudeOf x = 0 || magnitudeOf y = 0 then nan
    else if isInfinite z && isNegative z != sign then nan
    else signed sign infinity
  else if isInfinite z then z
  else fmaFinite mode x y z

/-! ### Quotients and square roots -/

/-- A whole number, the last bit set where something is left over. -/
def sticky (whole left : Nat) : Nat :=
  if left = 0 then whole else whole / 2 * 2 + 1

/-- The quotient of finite patterns, the divisor not zero. -/
def divFinite (mode : Mode) (x y : Nat) : Nat :=
  let sign := isNegative x != isNegative y
  let dividend := fullOf (magnitudeOf x) * 2 ^ 27
  let divisor := fullOf (magnitudeOf y)
  if magnitudeOf x = 0 then signed sign 0
  else deliver mode sign (sticky (dividend / divisor) (dividend % divisor))
    (placeOf (magnitudeOf x) + 634 - placeOf (magnitudeOf y))

/-- The quotient of two patterns; 0 / 0 and ∞ / ∞ are NaNs, another number over 0 is infinite. -/
def div (mode : Mode) (x y : Nat) : Nat :=
  let sign := isNegative x != isNegative y
  if isNaN x || isNaN y then nan
  else if isInfinite x then if isInfinite y then nan else signed sign infinity
  else if isInfinite y then signed sign 0
  else if magnitudeOf y = 0 then if magnitudeOf x = 0 then nan else signed sign infinity
  else divFinite mode x y

/-- The whole square root of a number below 4^bits: each bit is set if the square allows it. -/
def rootFrom (radicand : Nat) : Nat → Nat → Nat
  | 0, root => root
  | bit + 1, root =>
    if (root + 2 ^ bit) * (root + 2 ^ bit) ≤ radicand then rootFrom radicand bit (root + 2 ^ bit)
    else rootFrom radicand bit root

/-- The square root of a positive finite pattern. -/
def sqrtFinite (mode : Mode) (x : Nat) : Nat :=
  let room := placeOf x % 2 + 1
  let radicand := fullOf x * 2 ^ room * 2 ^ 28
  let root := rootFrom radicand 27 0
  deliver mode false (sticky root (radicand - root * root)) ((placeOf x + 633 - room) / 2)

/-- The square root of a pattern; that of -0 is -0, and below there are NaNs only. -/
def sqrt (mode : Mode) (x : Nat) : Nat :=
  if magnitudeOf x = 0 then x
  else if isNaN x || isNegative x then nan
  else if isInfinite x then x
  else sqrtFinite mode x

end Refsem.Kernel
