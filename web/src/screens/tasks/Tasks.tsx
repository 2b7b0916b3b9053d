/** The screen of its address. */
export function Tasks() {
  return <h1>Tasks</h1>;
}
