/** The screen of its address. */
export function Task() {
  return <h1>Task</h1>;
}
