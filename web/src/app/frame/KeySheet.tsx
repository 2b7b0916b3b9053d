/** The keys that work on this screen, from the table that binds them. */
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { KEYS } from "@/app/keys/table";
import { actsHere } from "@/app/keys/useKeys";
import { printedKeys } from "@/parts/KeyHint";
import styles from "./KeySheet.module.css";

export function KeySheet({ open, close }: { open: boolean; close: () => void }) {
  return (
    <ModalOverlay
      isOpen={open}
      onOpenChange={(stays) => !stays && close()}
      isDismissable
      className={styles.overlay ?? ""}
    >
      <Modal className={styles.modal ?? ""}>
        <Dialog className={styles.dialog ?? ""}>
          <Heading slot="title">Keys that work here</Heading>
          <dl className={styles.keys}>
            {open &&
              actsHere().map((act) => (
                <div key={act}>
                  <dt>
                    {KEYS[act].keys.map((key) => (
                      <kbd key={key}>{printedKeys(key)}</kbd>
                    ))}
                  </dt>
                  <dd>{KEYS[act].means}</dd>
                </div>
              ))}
          </dl>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
