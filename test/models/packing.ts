/**
 * The possible values of each field of a state: a list has a fixed length and one set of values
 * for all its elements.
 */
export type Domains<State> = {
  [Field in keyof State]: State[Field] extends readonly (infer Value)[]
    ? { length: number; values: readonly Value[] }
    : { values: readonly State[Field][] };
};

/** A state as one whole number below 2^53 and back. */
export interface Packing<State> {
  /** @throws Error when a field has a value outside its domain */
  pack: (state: State) => number;
  unpack: (key: number) => State;
}

type Scalar = string | number | boolean;

/**
 * Numbers the states, as a clock numbers the seconds of a day: millions of numbers fit where
 * millions of objects do not, and compare at once.
 * @throws Error when the domains have more states than numbers
 */
export function packing<State extends object>(domains: Domains<State>): Packing<State> {
  const given = Object.entries(domains) as [string, { length?: number; values: Scalar[] }][];
  const fields = given.map(([name, { length, values }]) => {
    return { name, length, values, isRange: values.every((value, index) => value === index) };
  });
  const backwards = fields.toReversed();
  const size = fields.reduce((n, field) => n * field.values.length ** (field.length ?? 1), 1);
  if (size > Number.MAX_SAFE_INTEGER) throw new Error(`${size} states are too many for a number`);

  function indexOf(field: (typeof fields)[number], value: Scalar): number {
    const { values } = field;
    // The common case of 0, 1, 2, … needs no search.
    const index =
      field.isRange && (value as number) < values.length ? value : values.indexOf(value);
    if ((index as number) < 0) throw new Error(`${field.name} cannot be ${value}`);
    return index as number;
  }

  return {
    pack(state) {
      const record = state as Record<string, Scalar | Scalar[]>;
      let key = 0;
      for (const field of fields) {
        const value = record[field.name] as Scalar | Scalar[];
        if (field.length === undefined) {
          key = key * field.values.length + indexOf(field, value as Scalar);
        } else {
          for (let i = 0; i < field.length; i++) {
            const element = (value as Scalar[])[i] as Scalar;
            key = key * field.values.length + indexOf(field, element);
          }
        }
      }
      return key;
    },
    unpack(key) {
      const record: Record<string, Scalar | Scalar[]> = {};
      let rest = key;
      function take(values: readonly Scalar[]): Scalar {
        const index = rest % values.length;
        rest = (rest - index) / values.length;
        return values[index] as Scalar;
      }
      for (const { name, length, values } of backwards) {
        if (length === undefined) {
          record[name] = take(values);
        } else {
          const list = new Array<Scalar>(length);
          for (let i = length - 1; i >= 0; i--) list[i] = take(values);
          record[name] = list;
        }
      }
      return record as State;
    },
  };
}

/** The whole numbers `first` to `last`, both included. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
