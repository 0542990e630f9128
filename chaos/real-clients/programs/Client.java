import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;

/** What the Java clients share: requests of the lab come as lines of JSON, and are answered in turn. */
abstract class Client {
    private static final Pattern FIELD = Pattern.compile("\"(\\w+)\":(?:\"([^\"]*)\"|(-?\\d+))");
    private static final Pattern LAST_ZXID = Pattern.compile("lastZxid:(0x[0-9a-f]+|\\d+)");
    private static final Pattern SERVER = Pattern.compile("remoteserver:[^/ ]*/([0-9.]+:\\d+)");
    private static final Set<String> READS = Set.of("getData", "exists", "getChildren", "sync");
    /** Refusals that only a server can have said: the request was not carried out and never will be. */
    private static final Set<Code> REFUSALS =
            Set.of(Code.NONODE, Code.NODEEXISTS, Code.BADVERSION, Code.NOTEMPTY);

    /** Null while there is no session. */
    abstract ZooKeeper handle();

    /** Whether only requests of the lab use the handle: then its last zxid is that of the last answer. */
    abstract boolean isAlone();

    /** By a recipe of the client. Returns the path of the znode that holds the lock; null: too late. */
    abstract String lock(String path, long atMostMs) throws Exception;

    abstract void unlock(String path) throws Exception;

    abstract void close() throws Exception;

    /** Until the lab says "close", or is gone. */
    void serve() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, String> request = fieldsOf(line);
            if (request.get("f").equals("close")) break;
            say(answerTo(request));
        }
        close();
        System.exit(0);
    }

    void sayState(String state, ZooKeeper zk) {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("state", state);
        if (zk != null) {
            said.put("session", Long.toHexString(zk.getSessionId()));
            if (zk.getState().isConnected()) said.put("timeoutMs", zk.getSessionTimeout());
        }
        say(said);
    }

    private Map<String, Object> answerTo(Map<String, String> request) {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("id", Long.valueOf(request.get("id")));
        String f = request.get("f");
        ZooKeeper zk = handle();
        if (zk == null || !Long.toHexString(zk.getSessionId()).equals(request.get("session")))
            return failed(said, "fail", "NOSESSION");
        try {
            Map<String, Object> result = perform(zk, f, request);
            if (result == null) return failed(said, "info", f + " did not tell");
            said.put("type", "ok");
            said.putAll(result);
        } catch (KeeperException e) {
            boolean isRefusal = REFUSALS.contains(e.code());
            failed(said, isRefusal || READS.contains(f) ? "fail" : "info", e.code().name());
            if (isRefusal) putLastZxid(said, zk);
        } catch (Exception e) {
            return failed(said, READS.contains(f) ? "fail" : "info", String.valueOf(e));
        }
        Matcher server = SERVER.matcher(zk.toString());
        if (server.find()) said.put("server", server.group(1));
        return said;
    }

    /** Null: nobody knows what became of it. */
    private Map<String, Object> perform(ZooKeeper zk, String f, Map<String, String> request) throws Exception {
        String path = request.get("path");
        byte[] value = request.getOrDefault("value", "").getBytes();
        int version = Integer.parseInt(request.getOrDefault("version", "-1"));
        Map<String, Object> said = new LinkedHashMap<>();
        Stat stat = new Stat();
        switch (f) {
            case "create": {
                CreateMode mode = CreateMode.fromFlag(Integer.parseInt(request.getOrDefault("flags", "0")));
                said.put("created", zk.create(path, value, ZooDefs.Ids.OPEN_ACL_UNSAFE, mode, stat));
                said.put("zxid", stat.getCzxid());
                break;
            }
            case "setData":
                stat = zk.setData(path, value, version);
                said.put("zxid", stat.getMzxid());
                said.put("version", stat.getVersion());
                break;
            case "delete":
                zk.delete(path, version);
                putLastZxid(said, zk);
                break;
            case "multi": {
                List<OpResult> results = zk.multi(
                        Arrays.asList(Op.check(request.get("holder"), -1), Op.setData(path, value, -1)));
                said.put("zxid", ((OpResult.SetDataResult) results.get(1)).getStat().getMzxid());
                break;
            }
            case "getData":
            case "exists":
                read(zk, f.equals("getData"), path, said);
                putLastZxid(said, zk);
                break;
            case "getChildren":
                said.put("children", zk.getChildren(path, false));
                putLastZxid(said, zk);
                break;
            case "sync":
                sync(zk, path);
                putLastZxid(said, zk);
                break;
            case "lock": {
                String holder = lock(path, Long.parseLong(request.get("atMostMs")));
                Stat held = holder == null ? null : zk.exists(holder, false);
                // A recipe may have gone on with another session than the one that was asked.
                if (held == null || held.getEphemeralOwner() != zk.getSessionId()) return null;
                said.put("created", holder);
                said.put("zxid", held.getCzxid());
                break;
            }
            case "unlock":
                unlock(path);
                return null;
            default:
                throw new IOException("unknown request " + f);
        }
        return said;
    }

    private static void read(ZooKeeper zk, boolean withData, String path, Map<String, Object> said)
            throws Exception {
        Stat stat = new Stat();
        byte[] data = null;
        if (withData) {
            try {
                data = zk.getData(path, false, stat);
            } catch (KeeperException.NoNodeException e) {
                stat = null;
            }
        } else {
            stat = zk.exists(path, false);
        }
        if (stat == null || withData) said.put("value", data == null ? null : new String(data));
        if (stat == null) return;
        said.put("mzxid", stat.getMzxid());
        said.put("version", stat.getVersion());
    }

    private static void sync(ZooKeeper zk, String path) throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        int[] code = new int[1];
        zk.sync(path, (rc, at, context) -> {
            code[0] = rc;
            answered.countDown();
        }, null);
        answered.await();
        if (code[0] != Code.OK.intValue()) throw KeeperException.create(Code.get(code[0]), path);
    }

    private void putLastZxid(Map<String, Object> said, ZooKeeper zk) {
        if (!isAlone()) return;
        Matcher zxid = LAST_ZXID.matcher(zk.toString());
        if (zxid.find()) said.put("zxid", Long.decode(zxid.group(1)));
    }

    private static Map<String, Object> failed(Map<String, Object> said, String type, String error) {
        said.put("type", type);
        said.put("error", error);
        return said;
    }

    private static Map<String, String> fieldsOf(String line) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (Matcher field = FIELD.matcher(line); field.find(); )
            fields.put(field.group(1), field.group(2) == null ? field.group(3) : field.group(2));
        return fields;
    }

    static synchronized void say(Map<String, Object> said) {
        StringBuilder line = new StringBuilder();
        said.forEach((key, value) ->
                line.append(line.length() == 0 ? '{' : ',').append(quoted(key)).append(':').append(json(value)));
        System.out.println(line.append('}'));
        System.out.flush();
    }

    private static String json(Object value) {
        if (value instanceof String) return quoted((String) value);
        if (!(value instanceof List)) return String.valueOf(value);
        StringBuilder list = new StringBuilder();
        for (Object each : (List<?>) value) list.append(list.length() == 0 ? '[' : ',').append(json(each));
        return list.length() == 0 ? "[]" : list.append(']').toString();
    }

    private static String quoted(String text) {
        return '"' + text.replaceAll("[\\x00-\\x1f\"\\\\]", " ") + '"';
    }
}
