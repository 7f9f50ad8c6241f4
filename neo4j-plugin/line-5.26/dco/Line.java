package dco;

import java.io.IOException;
import org.neo4j.io.layout.DatabaseLayout;
import org.neo4j.kernel.BinarySupportedKernelVersions;
import org.neo4j.kernel.impl.transaction.log.entry.LogEntryReader;
import org.neo4j.kernel.impl.transaction.log.entry.VersionAwareLogEntryReader;
import org.neo4j.kernel.impl.transaction.log.files.LogFile;
import org.neo4j.kernel.recovery.RecoveryMode;
import org.neo4j.kernel.recovery.facade.DatabaseRecoveryFacade;
import org.neo4j.kernel.recovery.facade.RecoveryCriteria;
import org.neo4j.kernel.recovery.facade.RecoveryFacadeMonitor;
import org.neo4j.storageengine.api.ClosedTransactionMetadata;
import org.neo4j.storageengine.api.CommandReaderFactory;
import org.neo4j.storageengine.api.TransactionIdStore;

/** All that differs between the Neo4j lines: this one is compiled into the jar for 5.26. */
final class Line {
    /** The versions that this jar was proved with: what they begin with. */
    static final String PREFIX = "5.26.";

    private Line() {}

    /** The last transaction that is closed together with all before it, and where in the log it ends. */
    static ClosedTransactionMetadata closed(TransactionIdStore store) {
        return store.getLastClosedTransaction();
    }

    /** What reads entries of the log. */
    static LogEntryReader entryReader(CommandReaderFactory commands, BinarySupportedKernelVersions versions) {
        return new VersionAwareLogEntryReader(commands, versions);
    }

    /** Recovers a database that is not running until the criteria say no. */
    static void recover(DatabaseRecoveryFacade facade, DatabaseLayout layout, RecoveryCriteria criteria)
            throws IOException {
        facade.performRecovery(layout, criteria, RecoveryFacadeMonitor.EMPTY_MONITOR, true);
    }

    /** Recovers a database that is not running, also if its last checkpoint leaves nothing to be recovered. */
    static void recoverAll(DatabaseRecoveryFacade facade, DatabaseLayout layout) throws IOException {
        facade.forceRecovery(layout, RecoveryFacadeMonitor.EMPTY_MONITOR, RecoveryMode.FULL, true);
    }

    /** The oldest log file that is still there. */
    static long lowestLogVersion(LogFile log) {
        return log.getLowestLogVersion();
    }
}
