import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
} from '@fluentui/react-components';

export interface CloseDraftProps {
  readonly open: boolean;
  readonly onSave: () => void;
  readonly onDiscard: () => void;
  readonly onStay: () => void;
}

export function CloseDraft({ open, onSave, onDiscard, onStay }: CloseDraftProps) {
  return (
    // Stays mounted: a dialog that vanishes while open leaves the page behind it hidden from assistive technology.
    <Dialog open={open} onOpenChange={onStay}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Keep this message?</DialogTitle>
          <DialogContent>It can wait among the drafts until you go on writing.</DialogContent>
          <DialogActions>
            <Button appearance="primary" onClick={onSave}>
              Save draft
            </Button>
            <Button onClick={onDiscard}>Discard</Button>
            <Button onClick={onStay}>Go on writing</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
