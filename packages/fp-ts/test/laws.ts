/**
 * The laws of the instances, as predicates that know nothing of a test framework, and what lifts them to properties.
 * `Same` is what a law means by "=": an `Eq` where it holds exactly, nearness where floats round.
 */
import type { Applicative2C } from "fp-ts/lib/Applicative.js"
import type { Category2 } from "fp-ts/lib/Category.js"
import type { Eq } from "fp-ts/lib/Eq.js"
import type { Field } from "fp-ts/lib/Field.js"
import type { Foldable2 } from "fp-ts/lib/Foldable.js"
import type { Group } from "fp-ts/lib/Group.js"
import type { Kind2, URIS2 } from "fp-ts/HKT.js"
import * as Identity from "fp-ts/lib/Identity.js"
import type { Monoid } from "fp-ts/lib/Monoid.js"
import * as Option from "fp-ts/lib/Option.js"
import type { Ring } from "fp-ts/lib/Ring.js"
import type { Semiring } from "fp-ts/lib/Semiring.js"
import type { Strong2 } from "fp-ts/lib/Strong.js"
import * as Strings from "fp-ts/lib/string.js"
import type { Traversable2 } from "fp-ts/lib/Traversable.js"
import * as fc from "fast-check"
import { assert, it } from "vitest"

/** What a law means by "=". */
export type Same<A> = (x: A, y: A) => boolean

/** Named equations over up to three values. */
export type Laws<A> = Readonly<Record<string, (x: A, y: A, z: A) => boolean>>

/** How laws are tested: on which values, how often. */
interface Sampling<A> {
  readonly values: fc.Arbitrary<A>
  readonly numRuns?: number
}

/** Tests that each law holds for arbitrary values. */
export const testLaws = <A>(title: string, laws: Laws<A>, { numRuns = 50, values }: Sampling<A>): void =>
  it.each(Object.entries(laws))(`${title}: %s`, (_, holds) => {
    const law = fc.property(values, values, values, (x, y, z) => assert.isTrue(holds(x, y, z)))
    fc.assert(law, { numRuns })
  })

export const eq = <A>({ equals }: Eq<A>): Laws<A> => ({
  "is reflexive": (x) => equals(x, x),
  "is symmetric": (x, y) => equals(x, y) === equals(y, x),
  "is transitive": (x, y, z) => !(equals(x, y) && equals(y, z)) || equals(x, z)
})

export const monoid = <A>({ concat, empty }: Monoid<A>, same: Same<A>): Laws<A> => ({
  "concat is associative": (x, y, z) => same(concat(concat(x, y), z), concat(x, concat(y, z))),
  "empty is the unit of concat": (x) => same(concat(x, empty), x) && same(concat(empty, x), x)
})

export const group = <A>(self: Group<A>, same: Same<A>): Laws<A> => ({
  ...monoid(self, same),
  "inverse undoes": (x) =>
    same(self.concat(x, self.inverse(x)), self.empty) && same(self.concat(self.inverse(x), x), self.empty)
})

/** What floats obey exactly. */
export const semiringUnits = <A>({ add, mul, one, zero }: Semiring<A>, same: Same<A>): Laws<A> => ({
  "add commutes": (x, y) => same(add(x, y), add(y, x)),
  "zero is the unit of add": (x) => same(add(x, zero), x) && same(add(zero, x), x),
  "one is the unit of mul": (x) => same(mul(x, one), x) && same(mul(one, x), x),
  "zero annihilates": (x) => same(mul(x, zero), zero) && same(mul(zero, x), zero)
})

/** What floats obey up to rounding. */
export const semiringSums = <A>({ add, mul }: Semiring<A>, same: Same<A>): Laws<A> => ({
  "add is associative": (x, y, z) => same(add(add(x, y), z), add(x, add(y, z))),
  "mul is associative": (x, y, z) => same(mul(mul(x, y), z), mul(x, mul(y, z))),
  "mul distributes over add": (x, y, z) =>
    same(mul(x, add(y, z)), add(mul(x, y), mul(x, z))) && same(mul(add(x, y), z), add(mul(x, z), mul(y, z)))
})

/** What a ring adds to a semiring; the rings here are commutative. */
export const ringUnits = <A>(self: Ring<A>, same: Same<A>): Laws<A> => ({
  ...semiringUnits(self, same),
  "sub undoes": (x) => same(self.sub(x, x), self.zero),
  "mul commutes": (x, y) => same(self.mul(x, y), self.mul(y, x))
})

/** What a field adds to a ring. Nothing is said of division by zero. */
export const field = <A>(
  { add, degree, div, mod, mul, one, zero }: Field<A>,
  { exact, near }: { readonly exact: Same<A>; readonly near: Same<A> }
): { readonly exactly: Laws<A>; readonly rounded: Laws<A> } => {
  const isZero = (x: A): boolean => exact(x, zero)
  return {
    exactly: {
      "one is not zero": () => !isZero(one),
      "products of others than zero are not zero": (x, y) => isZero(mul(x, y)) === (isZero(x) || isZero(y)),
      "a number in itself is one": (x) => isZero(x) || exact(div(x, x), one),
      "nothing is left over": (x, y) => isZero(y) || isZero(mod(x, y)),
      "factors have no larger degree": (x, y) => isZero(x) || isZero(y) || degree(x) <= degree(mul(x, y))
    },
    rounded: {
      "what is divided is quotient times divisor and remainder": (x, y) =>
        isZero(y) || near(add(mul(div(x, y), y), mod(x, y)), x)
    }
  }
}

const double = (x: number): number => 2 * x
const text = (x: number): string => `<${x}>`

/** Laws of `map` at one type, for two functions of it. */
export const functor = <FA, A>(
  map: (fa: FA, f: (a: A) => A) => FA,
  same: Same<FA>,
  [f, g]: readonly [(a: A) => A, (a: A) => A]
): Laws<FA> => ({
  "map keeps the identity": (fa) =>
    same(
      map(fa, (a) => a),
      fa
    ),
  "map keeps compositions": (fa) =>
    same(
      map(map(fa, f), g),
      map(fa, (a) => g(f(a)))
    )
})

/** Laws of `promap` at one type, for two functions of it. */
export const profunctor = <FA, A>(
  promap: (fa: FA, f: (a: A) => A, g: (a: A) => A) => FA,
  same: Same<FA>,
  [f, g]: readonly [(a: A) => A, (a: A) => A]
): Laws<FA> => ({
  "promap keeps identities": (fa) =>
    same(
      promap(
        fa,
        (a) => a,
        (a) => a
      ),
      fa
    ),
  "promap keeps compositions": (fa) =>
    same(
      promap(promap(fa, f, g), g, f),
      promap(
        fa,
        (a) => f(g(a)),
        (a) => f(g(a))
      )
    )
})

/** What ties `first` and `second` to the profunctor, for a function that makes what passes by. */
export const strong = <F extends URIS2, A>(
  { first, promap, second }: Strong2<F>,
  same: Same<Kind2<F, A, A>>,
  f: (a: A) => A
): Laws<Kind2<F, A, A>> => {
  const left = ([a]: [A, A]): A => a
  const right = ([, a]: [A, A]): A => a
  const onFirst = (m: Kind2<F, A, A>): Kind2<F, A, A> => promap(first<A, A, A>(m), (a: A): [A, A] => [a, f(a)], left)
  return {
    "first works on the first": (m) => same(onFirst(m), m),
    "second is first, turned around": (m) =>
      same(
        promap(second<A, A, A>(m), (a: A): [A, A] => [f(a), a], right),
        onFirst(m)
      )
  }
}

export const foldable = <F extends URIS2, E>({
  foldMap,
  reduce,
  reduceRight
}: Foldable2<F>): Laws<Kind2<F, E, number>> => {
  const { concat, empty } = Strings.Monoid
  return {
    "foldMap is reduce from the left": (fa) =>
      foldMap(Strings.Monoid)(fa, text) === reduce(fa, empty, (all, x) => concat(all, text(x))),
    "foldMap is reduce from the right": (fa) =>
      foldMap(Strings.Monoid)(fa, text) === reduceRight(fa, empty, (x, all) => concat(text(x), all))
  }
}

/** An effect that some numbers have and others stop, and a natural transformation from it. */
const positive = (x: number): Option.Option<number> => (x >= 0 ? Option.some(2 * x) : Option.none)
const toList = <A>(self: Option.Option<A>): ReadonlyArray<A> => (Option.isSome(self) ? [self.value] : [])

export interface TraversableLaws<F extends URIS2, E> {
  readonly T: Traversable2<F>
  readonly same: Same<Kind2<F, E, number>>
  readonly lists: {
    readonly traverse: (
      fa: Kind2<F, E, number>,
      f: (x: number) => ReadonlyArray<number>
    ) => ReadonlyArray<Kind2<F, E, number>>
  }
}

export const traversable = <F extends URIS2, E>({
  T,
  lists,
  same
}: TraversableLaws<F, E>): Laws<Kind2<F, E, number>> => {
  const sameList: Same<ReadonlyArray<Kind2<F, E, number>>> = (x, y) =>
    x.length === y.length && x.every((fa, i) => same(fa, y[i]))
  return {
    "traverse in Identity is map": (fa) => same(T.traverse(Identity.Applicative)(fa, double), T.map(fa, double)),
    "traverse of pure is pure": (fa) =>
      sameList(toList(T.traverse(Option.Applicative)(fa, (x) => Option.some(x))), [fa]),
    "traverse is natural": (fa) =>
      sameList(
        toList(T.traverse(Option.Applicative)(fa, positive)),
        lists.traverse(fa, (x) => toList(positive(x)))
      ),
    "sequence is traverse of the identity": (fa) =>
      sameList(
        toList(T.sequence(Option.Applicative)(T.map(fa, positive))),
        toList(T.traverse(Option.Applicative)(fa, positive))
      )
  }
}

export const applicative = <F extends URIS2, E>(
  { ap, map, of }: Applicative2C<F, E>,
  same: Same<Kind2<F, E, number>>
): Laws<Kind2<F, E, number>> => {
  type Step = (x: number) => number
  const compose =
    (f: Step) =>
    (g: Step): Step =>
    (x) =>
      f(g(x))
  const adding = (fa: Kind2<F, E, number>): Kind2<F, E, Step> => map(fa, (a) => (x: number) => x + a)
  return {
    "of the identity changes nothing": (fa) =>
      same(
        ap(
          of((x: number) => x),
          fa
        ),
        fa
      ),
    "of is a homomorphism": () => same(ap(of(double), of(3)), of(double(3))),
    "functions and arguments change places": (fa) =>
      same(
        ap(adding(fa), of(3)),
        ap(
          of((f: Step) => f(3)),
          adding(fa)
        )
      ),
    "ap composes": (x, y, z) => same(ap(ap(map(adding(x), compose), adding(y)), z), ap(adding(x), ap(adding(y), z))),
    "map is ap of a pure function": (fa) => same(map(fa, double), ap(of(double), fa))
  }
}

export const category = <F extends URIS2, A>(
  { compose, id }: Category2<F>,
  same: Same<Kind2<F, A, A>>
): Laws<Kind2<F, A, A>> => ({
  "composition is associative": (f, g, h) => same(compose(compose(f, g), h), compose(f, compose(g, h))),
  "identity is the unit from the left": (f) => same(compose(id<A>(), f), f),
  "identity is the unit from the right": (f) => same(compose(f, id<A>()), f)
})
