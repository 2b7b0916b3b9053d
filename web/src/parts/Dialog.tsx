/**
 * What must be answered before going on. `Esc` closes it, and the focus goes back to its opener.
 *
 * `ConfirmByName` is for what can't be undone: it says in numbers what will be lost, and asks for
 * the name of the thing.
 */
import { X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button, IconButton } from "./Button";
import css from "./Dialog.module.css";
import { TextField } from "./TextField";

export interface DialogProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** The buttons, most important last. */
  readonly buttons?: ReactNode;
  readonly width?: "narrow" | "wide";
  /** No click outside closes it: something was typed. */
  readonly keepsOpen?: boolean;
}

export function Dialog({
  title,
  isOpen,
  onClose,
  children,
  buttons,
  width = "narrow",
  keepsOpen = false,
}: DialogProps) {
  return (
    <ModalOverlay
      className={css.behind ?? ""}
      isOpen={isOpen}
      isDismissable={!keepsOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Modal className={`${css.modal} ${css[width]}`}>
        <AriaDialog className={css.dialog ?? ""}>
          <header className={css.head}>
            <Heading slot="title" className={css.title ?? ""}>
              {title}
            </Heading>
            <IconButton label="Close" size="small" onPress={onClose}>
              <X aria-hidden />
            </IconButton>
          </header>
          <div className={css.body}>{children}</div>
          {buttons && <footer className={css.foot}>{buttons}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface ConfirmByNameProps {
  readonly title: string;
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** What has to be typed: the name of what is lost. */
  readonly name: string;
  /** What the button does: "Delete project". */
  readonly act: string;
  readonly onConfirm: () => void;
  readonly isPending?: boolean;
  /** What will be lost, in numbers. */
  readonly children: ReactNode;
}

export function ConfirmByName({
  title,
  isOpen,
  onClose,
  name,
  act,
  onConfirm,
  isPending = false,
  children,
}: ConfirmByNameProps) {
  const [typed, setTyped] = useState("");
  const close = () => {
    setTyped("");
    onClose();
  };
  const send = () => {
    if (typed === name && !isPending) onConfirm();
  };
  return (
    <Dialog
      title={title}
      isOpen={isOpen}
      onClose={close}
      keepsOpen
      buttons={
        <>
          <Button onPress={close}>Keep it</Button>
          <Button look="danger" isDisabled={typed !== name} isPending={isPending} onPress={send}>
            {act}
          </Button>
        </>
      }
    >
      {children}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <TextField
          label={`Type ${name} to confirm`}
          value={typed}
          onChange={setTyped}
          mono
          autoFocus
          autoComplete="off"
        />
      </form>
    </Dialog>
  );
}
