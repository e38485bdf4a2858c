/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project.
-/
module

public import Refsem.Basic

@[expose] public section

/-!
# Whether a polynomial is zero, computed by the kernel

Expressions of `Lean.Grind.CommRing` in a normal form made for Lean's kernel, which calculates with
natural numbers at once and with everything else step by step: a monomial is one number, with the
exponents as digits to base 256, and a coefficient the difference of two. Definitions are by
recursors for the same reason.

Digits never carry, for `degree` is computed too, and compared with 256.

## Main statements

* `isZero`: whether an expression is zero by its normal form.
* `denote_eq_zero`: it is zero in any commutative ring then.
-/

open Lean (RArray)
open Lean.Grind
open Lean.Grind.CommRing (Expr)

namespace Refsem.Algebra

universe u

/-- A sum of terms by falling monomial; a coefficient is `plus - minus`. -/
inductive Polynomial where
  | zero
  | term (monomial plus minus : Nat) (rest : Polynomial)

namespace Polynomial

/-- The sum with one more term in front, unless its coefficient is 0. -/
noncomputable def cons (monomial plus minus : Nat) (rest : Polynomial) : Polynomial :=
  Bool.rec (motive := fun _ => Polynomial) (.term monomial plus minus rest) rest
    (Nat.beq plus minus)

/-- The sum of two. -/
noncomputable def add (p : Polynomial) : Polynomial → Polynomial :=
  Polynomial.rec (motive := fun _ => Polynomial → Polynomial) (fun q => q)
    (fun m a b p addP q =>
      Polynomial.rec (motive := fun _ => Polynomial) (.term m a b p)
        (fun n c d q addQ =>
          Bool.rec (motive := fun _ => Polynomial)
            (Bool.rec (motive := fun _ => Polynomial)
              (.term m a b (addP (.term n c d q)))
              (.term n c d addQ)
              (Nat.blt m n))
            (cons m (Nat.add a c) (Nat.add b d) (addP q))
            (Nat.beq m n))
        q)
    p

/-- A multiple by a term. -/
noncomputable def scale (m a b : Nat) (q : Polynomial) : Polynomial :=
  Polynomial.rec (motive := fun _ => Polynomial) .zero
    (fun n c d _ scaled =>
      .term (Nat.add m n) (Nat.add (Nat.mul a c) (Nat.mul b d))
        (Nat.add (Nat.mul a d) (Nat.mul b c)) scaled)
    q

/-- The product of two. -/
noncomputable def mul (p q : Polynomial) : Polynomial :=
  Polynomial.rec (motive := fun _ => Polynomial) .zero
    (fun m a b _ product => add (scale m a b q) product) p

/-- A power. -/
noncomputable def pow (p : Polynomial) (k : Nat) : Polynomial :=
  Nat.rec (motive := fun _ => Polynomial) (.term 0 1 0 .zero) (fun _ power => mul power p) k

/-- The number. -/
noncomputable def constant (k : Int) : Polynomial :=
  Int.rec (motive := fun _ => Polynomial) (fun n => cons 0 n 0 .zero)
    (fun n => .term 0 0 (Nat.succ n) .zero) k

/-- The normal form of an expression. -/
noncomputable def normal (e : Expr) : Polynomial :=
  Expr.rec (motive := fun _ => Polynomial) constant (fun n => cons 0 n 0 .zero) constant
    (fun x => .term (Nat.pow 256 x) 1 0 .zero)
    (fun _ a => scale 0 0 1 a)
    (fun _ _ a b => add a b)
    (fun _ _ a b => add a (scale 0 0 1 b))
    (fun _ _ a b => mul a b)
    (fun _ k a => pow a k)
    e

end Polynomial

/-- The larger number. -/
noncomputable def larger (m n : Nat) : Nat :=
  Bool.rec (motive := fun _ => Nat) m n (Nat.blt m n)

/-- More variables than any expression may have. -/
abbrev variables : Nat := 1024

/-- At least the degree of an expression; 256 where it has too many variables. -/
noncomputable def degree (e : Expr) : Nat :=
  Expr.rec (motive := fun _ => Nat) (fun _ => 0) (fun _ => 0) (fun _ => 0)
    (fun x => Bool.rec (motive := fun _ => Nat) 256 1 (Nat.blt x variables))
    (fun _ a => a)
    (fun _ _ a b => larger a b)
    (fun _ _ a b => larger a b)
    (fun _ _ a b => Nat.add a b)
    (fun _ k a => Nat.mul a k)
    e

/-- Whether there is no term. -/
noncomputable def Polynomial.isNone (p : Polynomial) : Bool :=
  Polynomial.rec (motive := fun _ => Bool) true (fun _ _ _ _ _ => false) p

/-- Whether the expression is zero by its normal form. -/
noncomputable def isZero (e : Expr) : Bool :=
  Bool.rec (motive := fun _ => Bool) false (Polynomial.normal e).isNone (Nat.blt (degree e) 256)

section Soundness

attribute [local instance] Semiring.natCast Ring.intCast

variable {α : Type u} [CommRing α] {context : RArray α}

/-- The product of the powers that so many digits stand for, from a variable on. -/
noncomputable def monomial (context : RArray α) : (digits first m : Nat) → α
  | 0, _, _ => 1
  | digits + 1, first, m =>
    context.get first ^ (m % 256) * monomial context digits (first + 1) (m / 256)

/-- Each digit is at most so large. -/
def Fits (bound : Nat) : (digits m : Nat) → Prop
  | 0, _ => True
  | digits + 1, m => m % 256 ≤ bound ∧ Fits bound digits (m / 256)

theorem Fits.mono {a b digits m : Nat} (h : Fits a digits m) (le : a ≤ b) : Fits b digits m := by
  induction digits generalizing m with
  | zero => trivial
  | succ digits induction => exact ⟨Nat.le_trans h.1 le, induction h.2⟩

theorem digits_add {m n a b : Nat} (hm : m % 256 ≤ a) (hn : n % 256 ≤ b) (small : a + b < 256) :
    (m + n) % 256 = m % 256 + n % 256 ∧ (m + n) / 256 = m / 256 + n / 256 := by
  omega

theorem Fits.add {a b digits m n : Nat} (hm : Fits a digits m) (hn : Fits b digits n)
    (small : a + b < 256) : Fits (a + b) digits (m + n) := by
  induction digits generalizing m n with
  | zero => trivial
  | succ digits induction =>
    have same := digits_add hm.1 hn.1 small
    refine ⟨?_, ?_⟩
    · rw [same.1]
      exact Nat.add_le_add hm.1 hn.1
    · rw [same.2]
      exact induction hm.2 hn.2

theorem monomial_add {a b digits m n : Nat} (first : Nat) (hm : Fits a digits m)
    (hn : Fits b digits n) (small : a + b < 256) :
    monomial context digits first (m + n)
      = monomial context digits first m * monomial context digits first n := by
  induction digits generalizing m n first with
  | zero => simp only [monomial, Semiring.mul_one]
  | succ digits induction =>
    have same := digits_add hm.1 hn.1 small
    simp only [monomial, same.1, same.2, induction (first + 1) hm.2 hn.2, Semiring.pow_add]
    grind

theorem monomial_zero (digits first : Nat) : monomial context digits first 0 = 1 := by
  induction digits generalizing first with
  | zero => rfl
  | succ digits induction =>
    simp only [monomial, Nat.zero_mod, Nat.zero_div, induction, Semiring.pow_zero,
      Semiring.mul_one]

theorem fits_zero (bound digits : Nat) : Fits bound digits 0 := by
  induction digits with
  | zero => trivial
  | succ digits induction =>
    refine ⟨by simp only [Nat.zero_mod]; exact Nat.zero_le _, ?_⟩
    rw [Nat.zero_div]
    exact induction

theorem digit_pow_succ (x : Nat) : 256 ^ (x + 1) % 256 = 0 ∧ 256 ^ (x + 1) / 256 = 256 ^ x := by
  rw [Nat.pow_succ]
  omega

theorem monomial_var {digits x : Nat} (first : Nat) (h : x < digits) :
    monomial context digits first (256 ^ x) = context.get (first + x) := by
  induction digits generalizing first x with
  | zero => omega
  | succ digits induction =>
    cases x with
    | zero =>
      have one : (256 ^ 0 : Nat) % 256 = 1 ∧ (256 ^ 0 : Nat) / 256 = 0 := by decide
      simp only [monomial, one.1, one.2, monomial_zero, Nat.add_zero]
      grind
    | succ x =>
      have same := digit_pow_succ x
      simp only [monomial, same.1, same.2, Semiring.pow_zero]
      rw [induction (first + 1) (by omega), Nat.add_right_comm, Nat.add_assoc]
      grind

theorem fits_var (digits x : Nat) : Fits 1 digits (256 ^ x) := by
  induction digits generalizing x with
  | zero => trivial
  | succ digits induction =>
    cases x with
    | zero => exact ⟨by decide, by simpa using fits_zero 1 digits⟩
    | succ x =>
      have same := digit_pow_succ x
      refine ⟨by omega, ?_⟩
      rw [same.2]
      exact induction x

/-- The number that a coefficient stands for. -/
noncomputable def coefficient (plus minus : Nat) : α :=
  ((plus - minus : Int) : α)

theorem coefficient_add (a b c d : Nat) :
    (coefficient (a + c) (b + d) : α) = coefficient a b + coefficient c d := by
  unfold coefficient
  rw [← Ring.intCast_add]
  congr 1
  omega

theorem coefficient_mul (a b c d : Nat) :
    (coefficient (a * c + b * d) (a * d + b * c) : α) = coefficient a b * coefficient c d := by
  unfold coefficient
  rw [← Ring.intCast_mul]
  congr 1
  grind

theorem coefficient_self (a : Nat) : (coefficient a a : α) = 0 := by
  unfold coefficient
  rw [Int.sub_self]
  exact Ring.intCast_zero

namespace Polynomial

/-- What the sum is. -/
noncomputable def value (context : RArray α) : Polynomial → α
  | zero => 0
  | term m a b rest => coefficient a b * monomial context variables 0 m + value context rest

/-- Each exponent is at most so large. -/
def Bounded (bound : Nat) : Polynomial → Prop
  | zero => True
  | term m _ _ rest => Fits bound variables m ∧ Bounded bound rest

theorem Bounded.mono {a b : Nat} {p : Polynomial} (h : Bounded a p) (le : a ≤ b) :
    Bounded b p := by
  induction p with
  | zero => trivial
  | term m c d rest induction => exact ⟨h.1.mono le, induction h.2⟩

theorem value_cons (m a b : Nat) (rest : Polynomial) :
    value context (cons m a b rest)
      = coefficient a b * monomial context variables 0 m + value context rest := by
  cases same : Nat.beq a b with
  | false => simp only [cons, same, value]
  | true =>
    have equal := Nat.eq_of_beq_eq_true same
    subst equal
    simp only [cons, same, coefficient_self]
    grind

theorem bounded_cons {bound m : Nat} (a b : Nat) {rest : Polynomial}
    (hm : Fits bound variables m) (h : Bounded bound rest) : Bounded bound (cons m a b rest) := by
  cases same : Nat.beq a b with
  | false => simpa only [cons, same] using ⟨hm, h⟩
  | true => simpa only [cons, same] using h

theorem add_zero (p : Polynomial) : add p zero = p := by
  cases p <;> rfl

theorem add_term (m a b n c d : Nat) (p q : Polynomial) :
    add (term m a b p) (term n c d q)
      = Bool.rec (motive := fun _ => Polynomial)
          (Bool.rec (motive := fun _ => Polynomial) (.term m a b (add p (.term n c d q)))
            (.term n c d (add (.term m a b p) q)) (Nat.blt m n))
          (cons m (a + c) (b + d) (add p q)) (Nat.beq m n) :=
  rfl

theorem value_add (p q : Polynomial) :
    value context (add p q) = value context p + value context q := by
  induction p generalizing q with
  | zero =>
    have : add zero q = q := rfl
    rw [this, value]
    grind
  | term m a b p inductionP =>
    induction q with
    | zero =>
      rw [add_zero, value, value]
      grind
    | term n c d q inductionQ =>
      rw [add_term]
      cases same : Nat.beq m n with
      | true =>
        have equal := Nat.eq_of_beq_eq_true same
        subst equal
        simp only [value_cons, inductionP, coefficient_add, value]
        grind
      | false =>
        cases Nat.blt m n with
        | true =>
          simp only [value, inductionQ]
          grind
        | false =>
          simp only [value, inductionP]
          grind

theorem bounded_add {bound : Nat} {p q : Polynomial} (hp : Bounded bound p)
    (hq : Bounded bound q) : Bounded bound (add p q) := by
  induction p generalizing q with
  | zero => exact hq
  | term m a b p inductionP =>
    induction q with
    | zero =>
      rw [add_zero]
      exact hp
    | term n c d q inductionQ =>
      rw [add_term]
      cases Nat.beq m n with
      | true => exact bounded_cons _ _ hp.1 (inductionP hp.2 hq.2)
      | false =>
        cases Nat.blt m n with
        | true => exact ⟨hq.1, inductionQ hq.2⟩
        | false => exact ⟨hp.1, inductionP hp.2 hq⟩

theorem scale_term (m a b n c d : Nat) (q : Polynomial) :
    scale m a b (term n c d q) = term (m + n) (a * c + b * d) (a * d + b * c) (scale m a b q) :=
  rfl

theorem value_scale {s t m : Nat} (a b : Nat) {q : Polynomial} (hm : Fits s variables m)
    (hq : Bounded t q) (small : s + t < 256) :
    value context (scale m a b q)
      = coefficient a b * monomial context variables 0 m * value context q := by
  induction q with
  | zero =>
    have : scale m a b zero = zero := rfl
    rw [this, value]
    grind
  | term n c d q induction =>
    rw [scale_term, value, value, induction hq.2, coefficient_mul, monomial_add 0 hm hq.1 small]
    grind

theorem bounded_scale {s t m : Nat} (a b : Nat) {q : Polynomial} (hm : Fits s variables m)
    (hq : Bounded t q) (small : s + t < 256) : Bounded (s + t) (scale m a b q) := by
  induction q with
  | zero => trivial
  | term n c d q induction =>
    rw [scale_term]
    exact ⟨hm.add hq.1 small, induction hq.2⟩

theorem value_negated {t : Nat} {q : Polynomial} (hq : Bounded t q) (small : t < 256) :
    value context (scale 0 0 1 q) = -value context q := by
  have : ((0 : Nat) - (1 : Nat) : Int) = -1 := by decide
  rw [value_scale 0 1 (fits_zero 0 variables) hq (by omega), monomial_zero, coefficient, this,
    Ring.intCast_neg, Ring.intCast_one]
  grind

theorem mul_term (m a b : Nat) (p q : Polynomial) :
    mul (term m a b p) q = add (scale m a b q) (mul p q) :=
  rfl

theorem value_mul {s t : Nat} {p q : Polynomial} (hp : Bounded s p) (hq : Bounded t q)
    (small : s + t < 256) : value context (mul p q) = value context p * value context q := by
  induction p with
  | zero =>
    have : mul zero q = zero := rfl
    rw [this, value]
    grind
  | term m a b p induction =>
    rw [mul_term, value_add, value_scale a b hp.1 hq small, induction hp.2, value]
    grind

theorem bounded_mul {s t : Nat} {p q : Polynomial} (hp : Bounded s p) (hq : Bounded t q)
    (small : s + t < 256) : Bounded (s + t) (mul p q) := by
  induction p with
  | zero => trivial
  | term m a b p induction =>
    rw [mul_term]
    exact bounded_add (bounded_scale a b hp.1 hq small) (induction hp.2)

theorem pow_succ (p : Polynomial) (k : Nat) : pow p (k + 1) = mul (pow p k) p :=
  rfl

theorem value_one : value context (term 0 1 0 zero) = 1 := by
  simp only [value, monomial_zero, coefficient]
  have : ((1 : Nat) - (0 : Nat) : Int) = 1 := by decide
  rw [this, Ring.intCast_one]
  grind

theorem pow_sound {s k : Nat} {p : Polynomial} (hp : Bounded s p) (small : s * k < 256) :
    value context (pow p k) = value context p ^ k ∧ Bounded (s * k) (pow p k) := by
  induction k with
  | zero => exact ⟨by rw [Semiring.pow_zero]; exact value_one, fits_zero _ _, trivial⟩
  | succ k induction =>
    rw [Nat.mul_succ] at small ⊢
    have before := induction (by omega)
    rw [pow_succ, Semiring.pow_succ, value_mul before.2 hp small, before.1]
    exact ⟨rfl, bounded_mul before.2 hp small⟩

theorem constant_sound (k : Int) :
    value context (constant k) = (k : α) ∧ Bounded 0 (constant k) := by
  cases k with
  | ofNat n =>
    refine ⟨?_, bounded_cons _ _ (fits_zero _ _) trivial⟩
    have : constant (.ofNat n) = cons 0 n 0 zero := rfl
    rw [this, value_cons, monomial_zero, value, coefficient]
    have : ((n : Nat) - (0 : Nat) : Int) = Int.ofNat n := by simp
    rw [this]
    grind
  | negSucc n =>
    refine ⟨?_, fits_zero _ _, trivial⟩
    have : constant (.negSucc n) = term 0 0 (n + 1) zero := rfl
    rw [this, value, monomial_zero, value, coefficient]
    have : ((0 : Nat) - (n + 1 : Nat) : Int) = Int.negSucc n := by omega
    rw [this]
    grind

end Polynomial

theorem blt_iff {m n : Nat} : Nat.blt m n = true ↔ m < n :=
  iff_of_eq Nat.blt_eq

theorem le_larger (m n : Nat) : m ≤ larger m n ∧ n ≤ larger m n := by
  cases less : Nat.blt m n with
  | true =>
    have : larger m n = n := by simp only [larger, less]
    rw [this]
    exact ⟨Nat.le_of_lt (blt_iff.1 less), Nat.le_refl _⟩
  | false =>
    have : larger m n = m := by simp only [larger, less]
    rw [this]
    refine ⟨Nat.le_refl _, Nat.le_of_not_lt fun smaller => ?_⟩
    rw [blt_iff.2 smaller] at less
    cases less

open Polynomial in
theorem normal_sound (e : Expr) (small : degree e < 256) :
    value context (normal e) = e.denote context ∧ Bounded (degree e) (normal e) := by
  induction e with
  | num k =>
    have same : (Expr.num k).denote context = (k : α) := CommRing.denoteInt_eq k
    rw [same]
    exact constant_sound k
  | natCast n =>
    have := constant_sound (context := context) (Int.ofNat n)
    refine ⟨this.1.trans ?_, this.2⟩
    exact Ring.intCast_natCast n
  | intCast k => exact constant_sound k
  | var x =>
    cases few : Nat.blt x variables with
    | false =>
      have : degree (.var x) = 256 := by simp only [degree, few]
      omega
    | true =>
      have one : degree (.var x) = 1 := by simp only [degree, few]
      have less : x < variables := blt_iff.1 few
      rw [one]
      refine ⟨?_, fits_var _ _, trivial⟩
      have : normal (.var x) = .term (256 ^ x) 1 0 .zero := rfl
      rw [this, value, value, monomial_var 0 less, coefficient, Nat.zero_add]
      have : ((1 : Nat) - (0 : Nat) : Int) = 1 := by decide
      rw [this, Ring.intCast_one]
      have : (Expr.var x).denote context = context.get x := rfl
      rw [this]
      grind
  | neg a induction =>
    have less : degree (.neg a) = degree a := rfl
    rw [less] at small ⊢
    have before := induction small
    have bounded := bounded_scale 0 1 (fits_zero 0 variables) before.2 (by omega)
    have same : normal (.neg a) = scale 0 0 1 (normal a) := rfl
    rw [Nat.zero_add] at bounded
    rw [same]
    refine ⟨?_, bounded⟩
    rw [value_negated before.2 small, before.1]
    rfl
  | add a b inductionA inductionB =>
    have bounds := le_larger (degree a) (degree b)
    have less : degree (.add a b) = larger (degree a) (degree b) := rfl
    rw [less] at small ⊢
    have first := inductionA (by omega)
    have second := inductionB (by omega)
    have same : normal (.add a b) = add (normal a) (normal b) := rfl
    rw [same, value_add, first.1, second.1]
    exact ⟨rfl, bounded_add (first.2.mono bounds.1) (second.2.mono bounds.2)⟩
  | sub a b inductionA inductionB =>
    have bounds := le_larger (degree a) (degree b)
    have less : degree (.sub a b) = larger (degree a) (degree b) := rfl
    rw [less] at small ⊢
    have first := inductionA (by omega)
    have second := inductionB (by omega)
    have same : normal (.sub a b) = add (normal a) (scale 0 0 1 (normal b)) := rfl
    have bounded := bounded_scale 0 1 (fits_zero 0 variables) second.2 (by omega)
    rw [Nat.zero_add] at bounded
    rw [same, value_add, value_negated second.2 (by omega), first.1, second.1]
    refine ⟨?_, bounded_add (first.2.mono bounds.1) (bounded.mono bounds.2)⟩
    have : (Expr.sub a b).denote context = a.denote context - b.denote context := rfl
    rw [this]
    grind
  | mul a b inductionA inductionB =>
    have less : degree (.mul a b) = degree a + degree b := rfl
    rw [less] at small ⊢
    have first := inductionA (by omega)
    have second := inductionB (by omega)
    have same : normal (.mul a b) = mul (normal a) (normal b) := rfl
    rw [same, value_mul first.2 second.2 small, first.1, second.1]
    exact ⟨rfl, bounded_mul first.2 second.2 small⟩
  | pow a k induction =>
    have less : degree (.pow a k) = degree a * k := rfl
    have same : normal (.pow a k) = pow (normal a) k := rfl
    have means : (Expr.pow a k).denote context = a.denote context ^ k := rfl
    rw [less] at small ⊢
    rw [same, means]
    cases k with
    | zero => exact ⟨by rw [Semiring.pow_zero]; exact value_one, fits_zero _ _, trivial⟩
    | succ k =>
      rw [Nat.mul_succ] at small
      have before := induction (by omega)
      rw [← before.1]
      exact pow_sound before.2 (by rw [Nat.mul_succ]; exact small)

/-- An expression with no term is zero in any commutative ring. -/
theorem denote_eq_zero {e : Expr} (h : isZero e = true) : e.denote context = 0 := by
  cases small : Nat.blt (degree e) 256 with
  | false => simp only [isZero, small] at h; cases h
  | true =>
    have sound := normal_sound (context := context) e (blt_iff.1 small)
    simp only [isZero, small] at h
    rw [← sound.1]
    cases none : Polynomial.normal e with
    | zero => rfl
    | term m a b rest =>
      rw [none] at h
      cases h

end Soundness

end Refsem.Algebra
