import { useEffect, useLayoutEffect, useRef, type RefObject } from 'react';

/**
 * When the button somebody just used disappears with what it did, focus would fall to the top of the page. It goes to the
 * region instead; a focus that was elsewhere is left alone.
 */
export function useKeptFocus(region: RefObject<HTMLElement | null>): void {
  const within = useRef(false);
  useEffect(() => {
    const element = region.current;
    if (element === null) return undefined;
    const enter = (): void => {
      within.current = true;
    };
    const leave = (event: FocusEvent): void => {
      if (event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) within.current = false;
    };
    element.addEventListener('focusin', enter);
    element.addEventListener('focusout', leave);
    return () => {
      element.removeEventListener('focusin', enter);
      element.removeEventListener('focusout', leave);
    };
  }, [region]);
  useLayoutEffect(() => {
    if (within.current && document.activeElement === document.body) region.current?.focus({ preventScroll: true });
  });
}
