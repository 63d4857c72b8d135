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
  readonly onSave: () => void;
  readonly onDiscard: () => void;
  readonly onStay: () => void;
}

export function CloseDraft({ onSave, onDiscard, onStay }: CloseDraftProps) {
  return (
    <Dialog open onOpenChange={onStay}>
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
