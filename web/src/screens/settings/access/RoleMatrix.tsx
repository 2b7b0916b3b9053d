/** What a role may do, as a table that is read without knowing any of the words. */
import { type Column, DataTable } from "@/parts/DataTable";
import { Section } from "@/parts/Section";
import styles from "./access.module.css";
import { MATRIX, RANKS } from "./roles";

type Row = (typeof MATRIX)[number];

const COLUMNS: Column<Row>[] = [
  { id: "act", title: "May", isName: true, cell: (row) => row.act },
  ...RANKS.map((rank, index) => ({
    id: rank,
    title: rank[0]?.toUpperCase() + rank.slice(1),
    width: "88px",
    cell: (row: Row) =>
      row.may[index] ? (
        <>
          <span aria-hidden>✓</span>
          <span className="visually-hidden">yes</span>
        </>
      ) : (
        <span className={styles.no}>no</span>
      ),
  })),
];

export function RoleMatrix() {
  return (
    <Section
      title="What a role may do"
      note="A role counts in one project; an owner is of the whole server."
    >
      <div className={styles.matrix}>
        <DataTable
          columns={COLUMNS}
          rows={MATRIX}
          rowKey={(row) => row.act}
          caption="What each role may do"
          density="compact"
        />
      </div>
    </Section>
  );
}
