-- The canonical form of a set: no null, each member once, in order of UTF-16 code
-- units as JavaScript sorts. That is the order of code points, except that U+E000 to
-- U+FFFF come after all beyond: those are given U+10FFFF as a prefix to sort by.
create function satchel.canonical_set(members text[]) returns text[]
language plpgsql immutable strict parallel safe
set search_path = pg_catalog
as $$
declare
  member text;
  before text;
  sorted boolean := case when array_ndims(members) = 1 then array_position(members, null) is null else false end;
begin
  if cardinality(members) = 0 then
    return '{}';
  end if;
  if array_to_string(members, '') ~ '[\uE000-\U0010FFFF]' then
    return (
      select coalesce(array_agg(distinct_member order by
        regexp_replace(
          regexp_replace(distinct_member, '\U0010FFFF', chr(1114111) || chr(1), 'g'),
          '([\uE000-\uFFFF])', chr(1114111) || '\1', 'g') collate "C"), '{}')
      from (select distinct m collate "C" as distinct_member from unnest(members) m where m is not null) d);
  end if;
  if sorted then
    foreach member in array members loop
      if before collate "C" >= member then
        sorted := false;
        exit;
      end if;
      before := member;
    end loop;
  end if;
  if sorted and array_lower(members, 1) = 1 then
    return members;
  end if;
  return (
    select coalesce(array_agg(distinct m collate "C" order by m collate "C"), '{}')
    from unnest(members) m where m is not null);
end
$$;
