-- StreamV2V hotkeys for OBS Studio 28 and newer: Tools > Scripts > +, choose this file, then
-- Settings > Hotkeys > "StreamV2V: ...". Needs nothing but OBS itself.
--
-- obs-websocket has no event for a hotkey. So each press is written into the settings of a hidden text
-- input, which `streamv2v-cam obs` watches. Several presses within one frame of OBS become one event:
-- the last RING_LENGTH commands are therefore written every time, each with its number, and the reader
-- takes those it has not seen. The session tells a restarted script from numbers that went backwards.

obs = obslua

local INPUT_NAME = "StreamV2V commands"
local SETTINGS_KEY = "streamv2v"
local RING_LENGTH = 64

local ACTIONS = {
    { "next_look", "next look" },
    { "previous_look", "previous look" },
    { "strength_up", "strength up" },
    { "strength_down", "strength down" },
    { "new_seed", "another variation" },
    { "effect", "effect" },
    { "bypass", "bypass" },
    { "freeze", "freeze" },
    { "privacy", "privacy" },
    { "leave_privacy", "leave privacy (show yourself again)" },
    { "reset", "reset" },
    { "recording", "recording on or off" },
}
for number = 1, 9 do
    table.insert(ACTIONS, { "look_" .. number, "look " .. number })
end

local session = ""
local sequence = 0
local ring = {}
local hotkeys = {}
local keys_told = -1

local function ring_as_json()
    local entries = {}
    for _, entry in ipairs(ring) do
        table.insert(entries, string.format('[%d,"%s"]', entry[1], entry[2]))
    end
    return string.format(
        '{"v":1,"session":"%s","seq":%d,"ring":[%s]}', session, sequence, table.concat(entries, ","))
end

local function write_ring()
    local source = obs.obs_get_source_by_name(INPUT_NAME)
    if source == nil then
        return false
    end
    local settings = obs.obs_data_create()
    obs.obs_data_set_string(settings, SETTINGS_KEY, ring_as_json())
    obs.obs_source_update(source, settings)
    obs.obs_data_release(settings)
    obs.obs_source_release(source)
    return true
end

local function press(command)
    sequence = sequence + 1
    table.insert(ring, { sequence, command })
    if #ring > RING_LENGTH then
        table.remove(ring, 1)
    end
    if not write_ring() then
        -- with nowhere to go they are lost, and must not come all at once when there is an input
        ring = {}
        obs.script_log(obs.LOG_WARNING,
            'there is no input "' .. INPUT_NAME .. '" in this scene collection; run: streamv2v-cam obs setup')
    end
end

function script_description()
    return "StreamV2V hotkeys: looks, strength, bypass, freeze, privacy. Give them keys in Settings > Hotkeys; "
        .. "`streamv2v-cam obs` must be running, and `streamv2v-cam obs setup` must have been run once."
end

function script_load(settings)
    session = string.format("%d-%d", os.time(), obs.os_gettime_ns() % 1000000000)
    for _, action in ipairs(ACTIONS) do
        local command = action[1]
        local name = "streamv2v." .. command
        local id = obs.obs_hotkey_register_frontend(name, "StreamV2V: " .. action[2], function(pressed)
            if pressed then
                press(command)
            end
        end)
        local bindings = obs.obs_data_get_array(settings, name)
        obs.obs_hotkey_load(id, bindings)
        obs.obs_data_array_release(bindings)
        hotkeys[name] = id
    end
end

-- how many hotkeys have a key, so that `streamv2v-cam obs setup` asks nobody for what is done
local function tell_keys(count)
    local source = count ~= keys_told and obs.obs_get_source_by_name(INPUT_NAME) or nil
    if source == nil then
        return
    end
    local settings = obs.obs_data_create()
    obs.obs_data_set_int(settings, "streamv2v_keys", count)
    obs.obs_source_update(source, settings)
    obs.obs_data_release(settings)
    obs.obs_source_release(source)
    keys_told = count
end

function script_save(settings)
    local count = 0
    for name, id in pairs(hotkeys) do
        local bindings = obs.obs_hotkey_save(id)
        count = count + obs.obs_data_array_count(bindings)
        obs.obs_data_set_array(settings, name, bindings)
        obs.obs_data_array_release(bindings)
    end
    tell_keys(count)
end
