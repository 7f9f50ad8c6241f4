package dco;

import org.neo4j.kernel.api.exceptions.Status;

/** A call that is refused, in a sentence that a person can act on. */
final class Refusal extends RuntimeException implements Status.HasStatus {
    private static final long serialVersionUID = 1;
    private final transient Status status;

    private Refusal(Status status, String sentence, Throwable cause) {
        super(sentence, cause);
        this.status = status;
    }

    /** What was asked can't be done as the server stands. */
    static Refusal because(String sentence) {
        return new Refusal(Status.Procedure.ProcedureCallFailed, sentence, null);
    }

    /** The same, brought about by another failure, which is told as well. */
    static Refusal because(String sentence, Throwable cause) {
        return new Refusal(Status.Procedure.ProcedureCallFailed, sentence + " (" + cause + ")", cause);
    }

    /** Whoever asked may not. */
    static Refusal forbidden(String sentence) {
        return new Refusal(Status.Security.Forbidden, sentence, null);
    }

    @Override
    public Status status() {
        return status;
    }
}
