/** The view of its name. */
export function View() {
  return <h2>Problems</h2>;
}
