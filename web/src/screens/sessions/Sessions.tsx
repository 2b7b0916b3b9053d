/** The screen of its address. */
export function Sessions() {
  return <h1>Sessions</h1>;
}
