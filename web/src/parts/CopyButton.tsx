/** Copies a text as it is, and says so for two seconds. */
import { Check, Copy } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button, type ButtonSize, IconButton } from "./Button";
import { say } from "./Toasts";

export interface CopyButtonProps {
  /** A function is called when it is needed: for what takes work to write. */
  readonly text: string | (() => string | Promise<string>);
  /** What is copied: "session id". */
  readonly what: string;
  /** Given = a button with these words instead of an icon. */
  readonly children?: string;
  readonly size?: ButtonSize;
}

export function CopyButton({ text, what, children, size = "small" }: CopyButtonProps) {
  const [isCopied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? await text() : text);
    } catch {
      say(`The browser did not let the ${what} be copied.`);
      return;
    }
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), 2_000);
  };
  const icon = isCopied ? <Check aria-hidden /> : <Copy aria-hidden />;
  return (
    <>
      {children ? (
        <Button size={size} icon={icon} onPress={() => void copy()}>
          {isCopied ? "Copied" : children}
        </Button>
      ) : (
        <IconButton size={size} label={`Copy ${what}`} onPress={() => void copy()}>
          {icon}
        </IconButton>
      )}
      <span role="status" className="visually-hidden">
        {isCopied ? `Copied ${what}` : ""}
      </span>
    </>
  );
}
