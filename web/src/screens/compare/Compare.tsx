/** Two sessions side by side; `a` and `b` are their ids. */
export function Compare({ a, b }: { a: string; b: string }) {
  return (
    <h1>
      {a} and {b}
    </h1>
  );
}
