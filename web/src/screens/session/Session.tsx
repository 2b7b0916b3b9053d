/** The screen of its address. */
export function Session() {
  return <h1>Session</h1>;
}
