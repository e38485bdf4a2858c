/-
Part of refsem, an independent judge of bounds on binary32 networks. Apache-2.0.
Hand-written; copied unchanged into every exported project.
-/
module

public import Refsem.Algebra

@[expose] public section

/-!
# Trees written as numbers

Lean takes long to parse and elaborate a large tree; a number it reads at once. So a tree is
printed as a program for a small machine with stacks, which the kernel runs: an instruction has
five bits of code and eleven of operand, the first instruction is the lowest of the first number.

Nothing has to be known of the machine: whatever tree a program makes, `Refsem.Algebra.refuted`
wants it checked.

## Main statements

* `instructions`: what there is to be asked for.
* `made`: the tree that a program makes.
-/

open Lean.Grind.CommRing (Expr)

namespace Refsem.Algebra

/-- The number that is being spelt, and stacks of what is made. -/
structure Stacks where
  number : Nat
  facts : List Nat
  apart : List Nat
  roots : List Expr
  expressions : List Expr
  products : List Product
  multiples : List Multiple
  trees : List Tree

/-- What an instruction makes of its operand and of the stacks, in their order. -/
abbrev Instruction :=
  Nat → Nat → List Nat → List Nat → List Expr → List Expr → List Product → List Multiple →
    List Tree → Stacks

namespace Instruction

/-- What is done with the uppermost of a stack and the others; nothing where there is none. -/
noncomputable def popped {β : Type} (stack : List β) (use : β → List β → Stacks)
    (otherwise : Stacks) : Stacks :=
  List.rec (motive := fun _ => Stacks) otherwise (fun one rest _ => use one rest) stack

/-- One more digit, to base 2048, of the number. -/
noncomputable def digit : Instruction := fun k n f a r e p m t =>
  ⟨Nat.add (Nat.mul n 2048) k, f, a, r, e, p, m, t⟩

/-- A variable as an expression. -/
noncomputable def indeterminate : Instruction := fun k n f a r e p m t =>
  ⟨n, f, a, r, .var k :: e, p, m, t⟩

/-- The number as an expression. -/
noncomputable def constant : Instruction := fun _ n f a r e p m t =>
  ⟨0, f, a, r, .num (Int.ofNat n) :: e, p, m, t⟩

/-- An operation on the uppermost two expressions. -/
noncomputable def binary (operation : Expr → Expr → Expr) : Instruction :=
  fun _ n f a r e p m t =>
    popped e (fun y e => popped e (fun x e => ⟨n, f, a, r, operation x y :: e, p, m, t⟩)
      ⟨n, f, a, r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

/-- Minus the uppermost expression. -/
noncomputable def negate : Instruction := fun _ n f a r e p m t =>
  popped e (fun x e => ⟨n, f, a, r, .neg x :: e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

/-- A fact that the next product or law has. -/
noncomputable def fact : Instruction := fun k n f a r e p m t =>
  ⟨n, k :: f, a, r, e, p, m, t⟩

/-- The facts so far are those whose squares the next product has. -/
noncomputable def apart : Instruction := fun _ n f _ r e p m t =>
  ⟨n, [], f, r, e, p, m, t⟩

/-- The next product has the square of the uppermost expression. -/
noncomputable def root : Instruction := fun _ n f a r e p m t =>
  popped e (fun x e => ⟨n, f, a, x :: r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

/-- The number times a product. -/
noncomputable def product : Instruction := fun _ n f a r e p m t =>
  ⟨0, [], [], [], e, ⟨n, f, a, r⟩ :: p, m, t⟩

/-- A multiple of an equation. -/
noncomputable def multiple : Instruction := fun k n f a r e p m t =>
  popped e (fun x e => ⟨n, f, a, r, e, p, ⟨k, x⟩ :: m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

/-- A leaf of the products and multiples so far. -/
noncomputable def leaf : Instruction := fun _ n f a r e p m t =>
  ⟨n, f, a, r, e, [], [], .leaf p m :: t⟩

/-- Cases by the sign of the uppermost expression; the last is the uppermost tree. -/
noncomputable def split : Instruction := fun _ n f a r e p m t =>
  popped e (fun x e =>
    popped t (fun negative t =>
      popped t (fun nonnegative t => ⟨n, f, a, r, e, p, m, .split x nonnegative negative :: t⟩)
        ⟨n, f, a, r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

/-- Cases by the sign of what a fact says is not 0; the last is the uppermost tree. -/
noncomputable def signs : Instruction := fun k n f a r e p m t =>
  popped t (fun negative t =>
    popped t (fun positive t => ⟨n, f, a, r, e, p, m, .signs k positive negative :: t⟩)
      ⟨n, f, a, r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

/-- A lemma between the uppermost two expressions; its proof is the uppermost tree. -/
noncomputable def claim (relation : Expr → Expr → Relation) : Instruction :=
  fun _ n f a r e p m t =>
    popped e (fun y e =>
      popped e (fun x e =>
        popped t (fun proof t =>
          popped t (fun rest t => ⟨n, f, a, r, e, p, m, .have (relation x y) proof rest :: t⟩)
            ⟨n, f, a, r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩)
        ⟨n, f, a, r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

/-- A law applied to the facts so far. -/
noncomputable def apply : Instruction := fun k n f a r e p m t =>
  popped t (fun rest t => ⟨n, [], a, r, e, p, m, .apply k f rest :: t⟩)
    ⟨n, f, a, r, e, p, m, t⟩

/-- A variable replaced by the uppermost expression; the number is that of an equation. -/
noncomputable def replace : Instruction := fun k n f a r e p m t =>
  popped e (fun value e =>
    popped t (fun rest t => ⟨0, f, a, r, e, p, m, .replace k value n rest :: t⟩)
      ⟨n, f, a, r, e, p, m, t⟩) ⟨n, f, a, r, e, p, m, t⟩

end Instruction

open Instruction in
/-- Every instruction; its place is its code. -/
noncomputable def instructions : List Instruction :=
  [indeterminate, fact, digit, product, binary .mul, apply, replace, leaf, binary .sub, constant,
    split, binary .add, negate, multiple, claim .le, claim .lt, claim .eq, claim .ne, signs,
    apart, root]

/-- An instruction by its code. -/
noncomputable def coded (code : Nat) : Instruction :=
  List.rec (motive := fun _ => Nat → Instruction)
    (fun _ _ n f a r e p m t => ⟨n, f, a, r, e, p, m, t⟩)
    (fun one _ further n =>
      Nat.rec (motive := fun _ => Instruction) one (fun before _ => further before) n)
    instructions code

/-- The stacks after so many instructions, each of which is computed before the next. -/
noncomputable def executed (count part : Nat) (s : Stacks) : Stacks :=
  Nat.rec (motive := fun _ => Nat → Stacks → Stacks) (fun _ s => s)
    (fun _ further part s =>
      Stacks.rec (motive := fun _ => Stacks)
        (fun n f a r e p m t =>
          further (Nat.div part 65536)
            (coded (Nat.mod part 32) (Nat.mod (Nat.div part 32) 2048) n f a r e p m t))
        s)
    count part s

/-- The stacks after a program in parts of twenty instructions. -/
noncomputable def run (parts : List Nat) : Stacks → Stacks :=
  List.rec (motive := fun _ => Stacks → Stacks) (fun s => s)
    (fun part _ further s => further (executed 20 part s)) parts

/-- The tree that a program makes; one that refutes nothing if it makes none. -/
noncomputable def made (parts : List Nat) : Tree :=
  List.rec (motive := fun _ => Tree) (.leaf [] []) (fun tree _ _ => tree)
    (run parts ⟨0, [], [], [], [], [], [], []⟩).trees

end Refsem.Algebra
