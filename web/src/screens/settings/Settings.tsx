/** The screen of its address. */
export function Settings() {
  return <h1>Settings</h1>;
}
