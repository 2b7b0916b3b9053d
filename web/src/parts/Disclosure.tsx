/** A part that can be folded. What the viewer opened stays open: give `isOpen` from where it's kept. */
import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import {
  Disclosure as AriaDisclosure,
  Button,
  DisclosurePanel,
  Heading,
} from "react-aria-components";
import css from "./Disclosure.module.css";

export interface DisclosureProps {
  readonly title: ReactNode;
  /** Right of the title. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly isOpen?: boolean;
  readonly startsOpen?: boolean;
  readonly onOpenChange?: (isOpen: boolean) => void;
  readonly level?: 2 | 3 | 4 | 5;
}

export function Disclosure({
  title,
  aside,
  children,
  isOpen,
  startsOpen = false,
  onOpenChange,
  level = 3,
}: DisclosureProps) {
  return (
    <AriaDisclosure
      className={css.disclosure ?? ""}
      {...(isOpen === undefined ? { defaultExpanded: startsOpen } : { isExpanded: isOpen })}
      {...(onOpenChange ? { onExpandedChange: onOpenChange } : {})}
    >
      {({ isExpanded }) => (
        <>
          <div className={css.head}>
            <Heading level={level} className={css.heading ?? ""}>
              <Button slot="trigger" className={css.button ?? ""}>
                <ChevronRight aria-hidden />
                <span className={css.title}>{title}</span>
              </Button>
            </Heading>
            {aside && <span className={css.aside}>{aside}</span>}
          </div>
          <DisclosurePanel className={css.panel ?? ""}>{isExpanded && children}</DisclosurePanel>
        </>
      )}
    </AriaDisclosure>
  );
}
