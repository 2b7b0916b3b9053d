/**
 * Actions behind a button. What is in it has words; keys stand at the right where there are some.
 */
import type { ReactNode } from "react";
import {
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuSection as AriaMenuSection,
  Header,
  MenuTrigger,
  Popover,
  Separator,
} from "react-aria-components";
import layer from "./Layer.module.css";

export interface MenuProps {
  /** A Button or IconButton of these parts. */
  readonly trigger: ReactNode;
  /** Its name, for those who don't see what opened it. */
  readonly label: string;
  /** With the `id` of the item. */
  readonly onAction?: (id: string) => void;
  readonly children: ReactNode;
  readonly placement?: "bottom start" | "bottom end" | "top start" | "top end";
}

export function Menu({
  trigger,
  label,
  onAction,
  children,
  placement = "bottom start",
}: MenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className={layer.layer ?? ""} placement={placement} offset={4}>
        <AriaMenu
          aria-label={label}
          className={layer.list ?? ""}
          {...(onAction ? { onAction: (key) => onAction(String(key)) } : {})}
        >
          {children}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

export interface MenuItemProps {
  readonly id: string;
  /** Said and searched by typing; shown where there are no children. */
  readonly text: string;
  readonly icon?: ReactNode;
  readonly aside?: ReactNode;
  readonly isDisabled?: boolean;
  readonly onAction?: () => void;
  readonly children?: ReactNode;
}

export function MenuItem({ id, text, icon, aside, children, onAction, isDisabled }: MenuItemProps) {
  return (
    <AriaMenuItem
      id={id}
      textValue={text}
      className={layer.item ?? ""}
      isDisabled={isDisabled ?? false}
      {...(onAction ? { onAction } : {})}
    >
      {icon}
      <span className={layer.words}>{children ?? text}</span>
      {aside && <span className={layer.aside}>{aside}</span>}
    </AriaMenuItem>
  );
}

export function MenuSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <AriaMenuSection>
      <Header className={layer.heading ?? ""}>{title}</Header>
      {children}
    </AriaMenuSection>
  );
}

export function MenuSeparator() {
  return <Separator className={layer.separator ?? ""} />;
}
