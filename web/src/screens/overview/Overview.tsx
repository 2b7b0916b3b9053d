/** The screen of its address. */
export function Overview() {
  return <h1>Overview</h1>;
}
